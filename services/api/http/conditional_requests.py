"""Evaluates conditional requests (RFC 9110, 13): what a client has already is not sent again.

The fields are evaluated in the order of section 13.2.2; one that cannot be read is taken as not sent.
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

from starlette.requests import Request

from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem

_ENTITY_TAG: Final = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def is_not_modified(request: Request, *, etag: str, modified_at: datetime) -> bool:
    """Return whether the client has the file of this strong validator and time of modification: the answer is 304.

    Raises Problem 412 when the client wants that very file or none, and this is another.
    """
    modified_at = modified_at.replace(microsecond=0)
    _require_match(request, etag, modified_at)
    if_none_match = _field(request, "if-none-match")
    if if_none_match is not None:
        return _names(if_none_match, etag)
    since = _moment(request, "if-modified-since")
    return request.method in ("GET", "HEAD") and since is not None and modified_at <= since


def http_date(moment: datetime) -> str:
    """Return the moment as `Last-Modified` has it, such as `Sun, 06 Nov 1994 08:49:37 GMT`."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _require_match(request: Request, etag: str, modified_at: datetime) -> None:
    if_match = _field(request, "if-match")
    if if_match is not None:
        holds, name = _names(if_match, etag, strongly=True), "If-Match"
    else:
        since = _moment(request, "if-unmodified-since")
        holds, name = since is None or modified_at <= since, "If-Unmodified-Since"
    if not holds:
        raise Problem(ProblemCode.PRECONDITION_FAILED, f"{name} does not hold: the file's ETag is {etag}")


def _names(field: str, etag: str, *, strongly: bool = False) -> bool:
    """Return whether the field is `*` or names the tag; compared strongly, a weak tag is never the same."""
    tags = (match for match in _ENTITY_TAG.finditer(field) if not (strongly and match[0].startswith("W/")))
    return field.strip() == "*" or any(match[1] == etag for match in tags)


def _field(request: Request, name: str) -> str | None:
    """Return the field's lines as one; None without the field."""
    lines = request.headers.getlist(name)
    return ", ".join(lines) if lines else None


def _moment(request: Request, name: str) -> datetime | None:
    text = request.headers.get(name)
    try:
        moment = None if text is None else parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
