"""Responses: JSON by msgspec, and refusals that let a client finish sending its body."""

import asyncio
from typing import Any, Final

import msgspec
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

_LINGER_SECONDS: Final = 5.0
_LINGER_BYTES: Final = 64 * 1024**2


class MsgspecResponse(Response):
    """Answers a value that msgspec encodes as JSON: structs, times and all."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)


class TrackedBody:
    """Hands a request's body on as the server does, and tells by `ended` whether all of it was read."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.ended = False

    async def receive(self) -> Message:
        """Return the server's next message."""
        message = await self._receive()
        self.ended = not message.get("more_body", False)
        return message


class LingeringResponse:
    """Sends `response` at once, then reads on for a while before it closes the connection.

    A server that closes with bytes unread resets the connection, and the client never sees the answer (RFC 9112, 9.6).
    """

    def __init__(self, response: Response, body: TrackedBody) -> None:
        response.headers["Connection"] = "close"
        self._response = response
        self._body = body

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        response = self._response
        await send(
            {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
        )
        await send({"type": "http.response.body", "body": response.body, "more_body": True})
        try:
            async with asyncio.timeout(_LINGER_SECONDS):
                await _discard(self._body)
        except TimeoutError:
            pass
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _discard(body: TrackedBody) -> None:
    read = 0
    while not body.ended and read < _LINGER_BYTES:
        read += len((await body.receive()).get("body", b""))
