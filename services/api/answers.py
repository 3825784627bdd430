"""Answers: JSON by msgspec, and refusals that let a client finish talking."""

import asyncio
from typing import Any, Final

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_LINGER_SECONDS: Final = 5.0
_LINGER_BYTES: Final = 64 * 1024**2


class Json(Response):
    """A value msgspec can encode: structs, datetimes and all."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)


class Refusal:
    """Sends `response` at once, then reads on for a while before it closes the connection.

    A server that closes with bytes unread resets the connection, and the client never sees the answer (RFC 9112, 9.6).
    """

    def __init__(self, response: Response) -> None:
        response.headers["Connection"] = "close"
        self._response = response

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        response = self._response
        await send(
            {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
        )
        await send({"type": "http.response.body", "body": response.body, "more_body": True})
        try:
            async with asyncio.timeout(_LINGER_SECONDS):
                await _discard(receive)
        except TimeoutError:
            pass
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _discard(receive: Receive) -> None:
    read = 0
    while read < _LINGER_BYTES:
        message = await receive()
        read += len(message.get("body", b""))
        if not message.get("more_body", False):
            return
