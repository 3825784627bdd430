"""How slowly a body may arrive."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.api.http.problems import Problem
from services.api.limits import upload_timeouts
from services.api.limits.upload_timeouts import UploadTimeouts


async def body(*chunks: bytes, every: float = 0.0) -> AsyncIterator[bytes]:
    for chunk in chunks:
        await asyncio.sleep(every)
        yield chunk


async def kept(limits: UploadTimeouts, chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in limits.enforce(chunks)])


async def test_a_body_in_time_comes_through_unchanged() -> None:
    assert await kept(UploadTimeouts(1.0, 10.0, 1024), body(b"a", b"", b"bc")) == b"abc"


async def test_one_that_stands_still_is_given_up() -> None:
    with pytest.raises(Problem, match=r"no bytes came for 0\.01 s") as caught:
        await kept(UploadTimeouts(0.01, 10.0, 0), body(b"a", every=5.0))
    assert (caught.value.status, caught.value.code) == (408, "upload_timeout")


async def test_one_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(Problem, match=r"longer than 0\.2 s"):
        await kept(UploadTimeouts(1.0, 0.2, 0), body(*[b"a"] * 30, every=0.01))


async def test_one_that_crawls_is_given_up_after_a_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    crawling = UploadTimeouts(1.0, 10.0, 1_000_000)
    assert await kept(crawling, body(*[b"a"] * 5, every=0.01)) == b"aaaaa"
    monkeypatch.setattr(upload_timeouts, "_GRACE_SECONDS", 0.02)

    with pytest.raises(Problem, match="less than 1000000 bytes a second"):
        await kept(crawling, body(*[b"a"] * 5, every=0.01))
    assert await kept(UploadTimeouts(1.0, 10.0, 0), body(*[b"a"] * 5, every=0.01)) == b"aaaaa"


async def test_only_the_time_waited_for_the_client_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is slow itself, with its disk or with an inspection, does not blame the client for it."""
    monkeypatch.setattr(upload_timeouts, "_GRACE_SECONDS", 0.0)
    received = []

    async for chunk in UploadTimeouts(1.0, 0.2, 10).enforce(body(*[b"a" * 100] * 4)):
        await asyncio.sleep(0.1)
        received.append(chunk)

    assert len(received) == 4
