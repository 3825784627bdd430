"""Requests that a client sends before the answers to those before: read no faster than they are answered."""

import asyncio
from typing import Final

from uvicorn.protocols.http.flow_control import FlowControl

MAX_PIPELINED: Final = 8
"""The most requests of a connection that wait for the one before them; what follows them is not parsed yet."""
_HEAD_END: Final = b"\r\n\r\n"
_MIN_BODY_BYTES: Final = 1024  # a body full of what ends a head is not cut into pieces of four bytes


class ReceivedBytes:
    """Bytes of a connection that are not parsed yet: what asyncio read at once, 256 KiB at most."""

    def __init__(self) -> None:
        self._data = b""
        self._start = 0

    def __bool__(self) -> bool:
        return self._start < len(self._data)

    def add(self, data: bytes) -> None:
        """Keep further bytes."""
        self._data = self._data[self._start :] + data if self else data
        self._start = 0

    def take(self, *, in_body: bool) -> bytes:
        """Remove and return the bytes up to the end of a head, or all that there are.

        So the caller can stop behind a request; only `in_body`, up to a kilobyte of further requests may be in them.
        """
        end = self._data.find(_HEAD_END, self._start + (_MIN_BODY_BYTES if in_body else 0))
        end = len(self._data) if end < 0 else end + len(_HEAD_END)
        taken = self._data[self._start : end]
        self._start = end
        if not self:
            self.clear()
        return taken

    def clear(self) -> None:
        """Forget all."""
        self._data, self._start = b"", 0


class PipeliningFlow(FlowControl):
    """Does not read on while received bytes wait to be parsed, whoever asks for it."""

    def __init__(self, transport: asyncio.Transport, waiting: ReceivedBytes) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        """Read on, unless bytes wait."""
        if not self._waiting:
            super().resume_reading()
