"""Problem details (RFC 9457): the only place where an error meets an HTTP status.

Every answer that is not a success is `application/problem+json` with `type`, `title`, `status`, `detail` and a stable
`code`; a client compares codes, a person reads details. No answer holds a path of the server or a stack trace.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from common.errors import StoreFullError, TransientError
from services.api.http.security_headers import SECURITY_HEADERS

log = structlog.get_logger(__name__)


class Problem(Exception):  # noqa: N818 - named as in RFC 9457
    """An answer other than success: raise it anywhere in a request."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members

    def response(self) -> Response:
        """The problem as an HTTP answer."""
        body = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.members,
        }
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(
            msgspec.json.encode(body), self.status, headers=headers, media_type="application/problem+json"
        )


def image_not_found() -> Problem:
    """The same for an id that is unknown, malformed, or somebody else's."""
    return Problem(404, "image_not_found", "there is no image of this id")


async def on_problem(_: Request, error: Exception) -> Response:
    """A problem raised on purpose."""
    return cast(Problem, error).response()


async def on_http_exception(_: Request, error: Exception) -> Response:
    """What the router itself refuses: an unknown path, a method that a path does not know."""
    error = cast(HTTPException, error)
    codes = {404: "not_found", 405: "method_not_allowed"}
    code = codes.get(error.status_code, "http_error")
    return Problem(error.status_code, code, error.detail, headers=error.headers).response()


async def on_surroundings_error(_: Request, error: Exception) -> Response:
    """The store does not work: 507 when it is full, 503 otherwise."""
    error = cast(TransientError, error)
    log.error("request.surroundings", error_code=error.code, reason=str(error))
    if isinstance(error, StoreFullError):
        return Problem(507, error.code, str(error)).response()
    return Problem(503, error.code, str(error), headers={"Retry-After": "5"}).response()


async def on_disconnect(_: Request, __: Exception) -> Response:
    """The client is gone: nobody reads this answer, and it is no error of ours."""
    log.info("request.client_gone")
    return Response(status_code=400)


async def on_unexpected(request: Request, error: Exception) -> Response:
    """A defect: told in full to the log and not at all to the client."""
    log.error("request.failed", path=request.scope["path"], exc_info=error)
    # This answer is made outside of all middleware, which would have added its headers.
    detail = "something went wrong here; it is in the log"
    return Problem(500, "internal_error", detail, headers=SECURITY_HEADERS).response()


HANDLERS: Mapping[Any, Any] = {
    Problem: on_problem,
    HTTPException: on_http_exception,
    TransientError: on_surroundings_error,
    ClientDisconnect: on_disconnect,
    Exception: on_unexpected,
}
