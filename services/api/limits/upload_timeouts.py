"""Limits how slowly a body may arrive: the server itself would wait forever, one byte at a time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem

_GRACE_SECONDS: Final = 10.0  # before a rate means anything


@dataclass(frozen=True)
class UploadTimeouts:
    """A body may pause for `idle_seconds`, take `total_seconds`, and come at `bytes_per_second` on average.

    What counts is the time spent waiting for the client, not what the server does with the chunks meanwhile.
    """

    idle_seconds: float
    total_seconds: float
    bytes_per_second: int

    async def enforce(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the chunks of `body` as they arrive. Raises Problem 408 once it is too slow."""
        received = 0
        timer = IdleTimer(min(self.idle_seconds, self.total_seconds))
        try:
            while (chunk := await timer.next_chunk(body)) is not None:
                received += len(chunk)
                self._check(timer.waited_seconds, received)
                if chunk:
                    yield chunk
        finally:
            timer.cancel()

    def _check(self, seconds: float, received: int) -> None:
        if seconds > self.total_seconds:
            raise _timeout(f"the body took longer than {self.total_seconds:g} s")
        if seconds > _GRACE_SECONDS and received < seconds * self.bytes_per_second:
            raise _timeout(f"the body came at less than {self.bytes_per_second} bytes a second")


class IdleTimer:
    """Waits for chunks, for `seconds` each: what `asyncio.timeout` does, with one timer for all of them.

    A timer a chunk is a tenth of what receiving costs. Only waiting counts, not what is done with the chunks.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Task[object] | None = None
        self._waiting_since = 0.0
        self.waited_seconds = 0.0  # for all chunks so far
        self._expired = False
        self._timer = self._loop.call_later(seconds, self._on_timer)

    async def next_chunk(self, body: AsyncIterator[bytes]) -> bytes | None:
        """Return the next chunk, None at the end. Raises Problem 408."""
        self._waiting_since, self._waiting = self._loop.time(), asyncio.current_task()
        try:
            return await anext(body, None)
        except asyncio.CancelledError:
            if not self._expired or (self._waiting and self._waiting.uncancel()):
                raise  # somebody else cancelled it, too
            raise _timeout(f"no bytes came for {self._seconds:g} s") from None
        finally:
            self._waiting = None
            self.waited_seconds += self._loop.time() - self._waiting_since

    def cancel(self) -> None:
        """Stop the timer: no more chunks are wanted."""
        self._timer.cancel()

    def _on_timer(self) -> None:
        waiting = self._waiting
        remaining = self._waiting_since + self._seconds - self._loop.time() if waiting else self._seconds
        if waiting and remaining <= 0:
            self._expired = waiting.cancel()
        else:
            self._timer = self._loop.call_later(max(remaining, 0.001), self._on_timer)


def _timeout(detail: str) -> Problem:
    return Problem(ProblemCode.UPLOAD_TIMEOUT, detail)
