"""`POST /signatures`: what may be signed, and for whom."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from common.model import image_ids
from tests.support.http.api import Api, open_api, problem_of
from tests.support.images.minimal_gif import GIF
from tests.support.store.stored_images import uploaded


@pytest.fixture
async def signing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Api]:
    """An API that signs, and asks for no keys."""
    async with open_api(monkeypatch, tmp_path, url_signing_secrets=("a secret of some length",)) as made:
        yield made


async def test_a_signed_upload_is_bounded(signing: Api) -> None:
    selection = {"method": "POST", "path": "/upload", "max_bytes": len(GIF)}
    answer = await signing.http.post("/signatures", json=selection)
    url = answer.json()["url"]

    assert answer.status_code == 201
    assert (await signing.http.post(url, files={"file": ("a.gif", GIF)})).status_code == 202
    larger = await signing.http.post(url, files={"file": ("a.gif", GIF + b"x")})
    assert problem_of(larger) == (413, "upload_too_large")


async def test_what_is_not_there_is_not_signed(signing: Api) -> None:
    image_id = await uploaded(signing.store)
    for path, status in (
        (f"/status/{image_id}", 201),
        (f"/status/{image_ids.new()}", 404),
        ("/images/x/large", 404),
    ):
        answer = await signing.http.post("/signatures", json={"method": "GET", "path": path})
        assert answer.status_code == status, path


@pytest.mark.parametrize(
    "selection",
    [
        {}, {"method": "GET"}, {"method": "PUT", "path": "/upload"}, {"method": "GET", "path": "/metrics"},
        {"method": "POST", "path": "/upload", "expires_in": 0}, {"method": "POST", "path": "/upload", "max_bytes": 0},
        {"method": "POST", "path": "/upload", "expires_in": 8 * 86400}, {"method": "POST", "path": "/upload", "x": 1},
        {"method": "GET", "path": "/images/" + "x" * 300}, [], "text",
        {"method": "GET", "path": "/images/x/../y/large"}, {"method": "GET", "path": "/images/x/large?x=1#y"},
        {"method": "POST", "path": "/upload", "max_bytes": 2**53},
        {"method": "GET", "path": "/status/x", "max_bytes": 9},
        {"method": "GET", "path": "/images/x/\u00fc x"}, {"method": "GET", "path": "/images/x/%2e%2e"},
    ],
)  # fmt: skip
async def test_a_wrong_wish_is_refused(signing: Api, selection: Any) -> None:
    assert problem_of(await signing.http.post("/signatures", json=selection)) == (422, "invalid_parameter")


async def test_an_endless_wish_is_not_read(signing: Api) -> None:
    assert problem_of(await signing.http.post("/signatures", content=b" " * 5000)) == (413, "body_too_large")


async def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    settings = {"url_signing_secrets": ("a secret of some length",), "request_body_seconds": 0.05}
    async with open_api(monkeypatch, tmp_path, **settings) as api:
        answer = await api.http.post("/signatures", content=endless())

    assert problem_of(answer) == (408, "upload_timeout")


async def test_without_secrets_nothing_is_signed(api: Api) -> None:
    selection = {"method": "POST", "path": "/upload"}

    assert problem_of(await api.http.post("/signatures", json=selection)) == (409, "signing_off")
