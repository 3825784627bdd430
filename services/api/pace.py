"""How slowly a body may arrive: the server itself would wait for ever, one byte at a time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from services.api.problems import Problem

_GRACE_SECONDS: Final = 10.0  # before a rate means anything


@dataclass(frozen=True)
class Pace:
    """A body may stand still for `idle_seconds`, take `total_seconds`, and keep `bytes_per_second` on average."""

    idle_seconds: float
    total_seconds: float
    bytes_per_second: int

    async def keep(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The chunks of `body` as they arrive. Raises Problem 408 once it is too slow."""
        loop = asyncio.get_running_loop()
        begun, received = loop.time(), 0
        while True:
            chunk = await self._next(body)
            if chunk is None:
                return
            received += len(chunk)
            self._check(loop.time() - begun, received)
            if chunk:
                yield chunk

    async def _next(self, body: AsyncIterator[bytes]) -> bytes | None:
        try:
            async with asyncio.timeout(self.idle_seconds):
                return await anext(body, None)
        except TimeoutError:
            raise _timeout(f"no bytes came for {self.idle_seconds:g} s") from None

    def _check(self, seconds: float, received: int) -> None:
        if seconds > self.total_seconds:
            raise _timeout(f"the body took longer than {self.total_seconds:g} s")
        if seconds > _GRACE_SECONDS and received < seconds * self.bytes_per_second:
            raise _timeout(f"the body came at less than {self.bytes_per_second} bytes a second")


def _timeout(detail: str) -> Problem:
    return Problem(408, "upload_timeout", detail)
