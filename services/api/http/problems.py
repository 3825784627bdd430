"""Problem details (RFC 9457): the only place where an error becomes an HTTP status.

Every answer that is not a success is `application/problem+json` with `type`, `title`, `status`, `detail` and a stable
`code`; a client compares codes, a person reads details. No answer holds a path of the server or a stack trace.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from common.errors import TransientError
from services.api.http.problem_codes import ProblemCode
from services.api.http.security_headers import SECURITY_HEADERS

log = structlog.get_logger(__name__)

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
_ROUTER_CODES: Final = {404: ProblemCode.NOT_FOUND, 405: ProblemCode.METHOD_NOT_ALLOWED}


class Problem(Exception):  # noqa: N818 - named as in RFC 9457
    """An answer other than success: raise it anywhere in a request.

    `detail` says what was wrong and what is allowed; `members` are further members of the answer, such as `limit`.
    """

    def __init__(
        self,
        problem_code: ProblemCode,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.problem_code = problem_code
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem_code.status

    @property
    def code(self) -> str:
        """The stable code."""
        return self.problem_code.code

    def response(self) -> Response:
        """Return the problem as an HTTP answer, which no cache keeps."""
        headers = {"Cache-Control": "no-store", **self.headers}
        body = encode_problem(self.problem_code, self.detail, self.members)
        return Response(body, self.status, headers=headers, media_type=PROBLEM_MEDIA_TYPE)


def encode_problem(problem_code: ProblemCode, detail: str, members: Mapping[str, Any] | None = None) -> bytes:
    """Return the problem's JSON."""
    body = {
        "type": problem_code.type_uri,
        "title": problem_code.title,
        "status": problem_code.status,
        "code": problem_code.code,
        "detail": detail,
        **(members or {}),
    }
    return msgspec.json.encode(body)


def image_not_found() -> Problem:
    """Return the same problem for an id that is unknown, malformed, or somebody else's."""
    return Problem(ProblemCode.IMAGE_NOT_FOUND, "there is no image of this id")


async def on_problem(_: Request, error: Exception) -> Response:
    """Answer a problem that was raised on purpose."""
    return cast(Problem, error).response()


async def on_http_exception(_: Request, error: Exception) -> Response:
    """Answer what the router itself refuses: an unknown path, a method that a path does not know."""
    error = cast(HTTPException, error)
    problem_code = _ROUTER_CODES.get(error.status_code, ProblemCode.MALFORMED_REQUEST)
    return Problem(problem_code, error.detail, headers=error.headers).response()


async def on_transient_error(_: Request, error: Exception) -> Response:
    """Answer that the store or the broker does not work: 507 when the store is full, 503 otherwise."""
    error = cast(TransientError, error)
    log.error("request.transient_error", error_code=error.code, reason=str(error))
    problem_code = ProblemCode.from_code(error.code)
    headers = {} if problem_code is ProblemCode.STORE_FULL else {"Retry-After": "5"}
    return Problem(problem_code, str(error), headers=headers).response()


async def on_disconnect(_: Request, __: Exception) -> Response:
    """Answer a client that is gone: nobody reads it, and it is no error of the server."""
    log.info("request.client_gone")
    return Response(status_code=400)


async def on_unexpected(request: Request, error: Exception) -> Response:
    """Answer a defect: told in full to the log and not at all to the client."""
    log.error("request.failed", path=request.scope["path"], exc_info=error)
    # This answer is made outside of all middleware, which would have added its headers.
    detail = "something went wrong here; it is in the log"
    return Problem(ProblemCode.INTERNAL_ERROR, detail, headers=SECURITY_HEADERS).response()


HANDLERS: Final[Mapping[Any, Any]] = {
    Problem: on_problem,
    HTTPException: on_http_exception,
    TransientError: on_transient_error,
    ClientDisconnect: on_disconnect,
    Exception: on_unexpected,
}
