"""The HTTP protocol of uvicorn with what it lacks: a bound, in bytes and in seconds, on all that is not a body."""

import asyncio
import json
from http import HTTPStatus
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES: Final = 32 * 1024  # the usual bound of a reverse proxy; a request of ours needs a few hundred
HEAD_SECONDS: Final = 10.0


class GuardedProtocol(HttpToolsProtocol):
    """Closes connections whose request head (or chunk sizes, or trailers) never ends, in bytes or in time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._without_body = 0  # bytes since the last that belonged to a body
        self._in_head = True
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._give_up)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._without_body += len(data)
        super().data_received(data)
        if self._without_body > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(
                431, "head_too_large", f"the head of the request has more than {MAX_HEAD_BYTES} bytes"
            )

    def on_message_begin(self) -> None:
        self._without_body = 0
        self._in_head = True
        self._deadline.cancel()
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._give_up)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._deadline.cancel()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._without_body = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._without_body = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "malformed_request", msg)

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Answer below the application, which has not seen this request yet, or is no longer listening to it."""
        phrase = HTTPStatus(status).phrase
        problem = {"type": "about:blank", "title": phrase, "status": status, "code": code, "detail": detail}
        body = json.dumps(problem).encode()
        head = (
            f"HTTP/1.1 {status} {phrase}\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _give_up(self) -> None:
        if self._in_head and not self.transport.is_closing():
            self._refuse(
                408, "head_timeout", f"the head of the request did not arrive within {HEAD_SECONDS:g} s"
            )
