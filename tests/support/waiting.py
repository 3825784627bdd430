"""Waiting for a condition instead of for a time: every wait is bounded and says what did not happen."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

_T = TypeVar("_T")

_EVERY_SECONDS = 0.03


def wait_until(condition: Callable[[], _T], what: str, *, within: float = 30.0) -> _T:
    """The first truthy value of `condition`; fails after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}"
        time.sleep(_EVERY_SECONDS)


async def eventually(condition: Callable[[], Any], what: str, *, within: float = 30.0) -> Any:
    """The same for a test that is a coroutine; `condition` may be one as well."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}"
        await asyncio.sleep(_EVERY_SECONDS)


def holds(condition: Callable[[], bool], what: str, *, during: float) -> None:
    """Fails as soon as `condition` does not hold within the next `during` seconds."""
    deadline = time.monotonic() + during
    while time.monotonic() < deadline:
        assert condition(), f"no longer so: {what}"
        time.sleep(_EVERY_SECONDS)
