"""Range requests (RFC 9110, 14): one range is served, several at once are answered with the whole file.

A server may ignore a Range field. Ten thousand tiny ranges cost their sender nothing, and no viewer of images asks
for more than one.
"""

import re
from typing import Final

from starlette.requests import Request

from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem

_ONE: Final = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")


def requested_range(request: Request, size: int, validators: tuple[str, ...]) -> range | None:
    """Return the bytes that the request asks for of a file of `size` bytes; None means all of them.

    `validators` are what an If-Range field may name. Raises Problem 416 when the range lies outside the file.
    """
    text = request.headers.get("range")
    if request.method != "GET" or text is None:  # RFC 9110, 14.2: for HEAD a range means nothing
        return None
    if request.headers.get("if-range", validators[0]) not in validators:
        return None
    match = _ONE.fullmatch(text.strip())
    if match is None or (match[2] and int(match[2]) < int(match[1])):
        return None
    if int(match[1] or 0) >= size or match[3] == "0":
        headers = {"Content-Range": f"bytes */{size}"}
        raise Problem(ProblemCode.RANGE_NOT_SATISFIABLE, f"the file has {size} bytes", headers=headers)
    if match[3]:
        return range(max(0, size - int(match[3])), size)
    return range(int(match[1]), min(int(match[2]) + 1 if match[2] else size, size))
