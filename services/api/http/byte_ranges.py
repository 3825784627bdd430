"""Range requests (RFC 9110, 14): one range is served, several at once are answered with the whole file.

A server may ignore a Range field. Ten thousand tiny ranges cost their sender nothing, and no viewer of pictures asks
for more than one.
"""

import re
from typing import Final

from starlette.requests import Request

from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem

_ONE: Final = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")


def prepare(request: Request, size: int) -> None:
    """Leave a range in the request only if it is a single one. Raises Problem 416 if it lies outside the file."""
    text = request.headers.get("range")
    if text is None:
        return
    match = _ONE.fullmatch(text.strip())
    if match is None or (match[2] and int(match[2]) < int(match[1])):
        request.scope["headers"] = [field for field in request.scope["headers"] if field[0] != b"range"]
    elif int(match[1] or 0) >= size or match[3] == "0":
        headers = {"Content-Range": f"bytes */{size}"}
        raise Problem(ProblemCode.RANGE_NOT_SATISFIABLE, f"the file has {size} bytes", headers=headers)
