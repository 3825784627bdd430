"""Headers that every answer carries: nothing served from here is ever run by a browser.

`Cross-Origin-Resource-Policy` keeps pages of other origins from embedding an answer, unless the answer says that
they may: outputs do, since to be embedded is what they are made for.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
    }
)
MAY_BE_EMBEDDED: Final[Mapping[str, str]] = MappingProxyType({"cross-origin-resource-policy": "cross-origin"})
_RAW: Final = tuple((name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items())


class SecurityHeadersMiddleware:
    """Adds the headers to every HTTP answer that does not set them itself.

    Plain ASGI, since it runs on every request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", [])
                named = {name for name, _ in own}
                message["headers"] = [*own, *(field for field in _RAW if field[0] not in named)]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
