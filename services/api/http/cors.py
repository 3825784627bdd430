"""Configures CORS: what pages of the origins that the operator names may send and read."""

from collections.abc import Sequence
from typing import Final

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

_METHODS: Final = ("GET", "HEAD", "POST", "DELETE")
_SENT: Final = (
    "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range",
    "If-Unmodified-Since", "Range",
)  # fmt: skip
_READ: Final = (
    "Accept-Ranges", "Content-Disposition", "Content-Length", "Content-Range", "ETag", "Last-Modified", "Location",
    "Retry-After",
)  # fmt: skip


def cors_middleware(origins: Sequence[str]) -> list[Middleware]:
    """Return the middleware for pages of these origins; nothing when there are none."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=_METHODS,
            allow_headers=_SENT,
            expose_headers=_READ,
        )
    ]
