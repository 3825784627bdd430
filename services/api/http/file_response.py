"""Answers with a file of the store: all of it, one range, its head, that it has not changed, or where to fetch it."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from common.store import StoredFile
from services.api.http.byte_ranges import requested_range
from services.api.http.conditional_requests import http_date, is_not_modified

_ONE_PIECE_BYTES: Final = 128 * 1024


def file_response(
    request: Request, file: StoredFile, headers: Mapping[str, str], *, attachment: str | None = None
) -> Response:
    """Serve `file` as the request asks for it, as a download named `attachment` if that is given.

    The response closes the file; when this raises (Problem 412 or 416), the file is closed as well.
    """
    try:
        return _respond(request, file, dict(headers), attachment)
    except BaseException:
        file.close()
        raise


def _respond(request: Request, file: StoredFile, headers: dict[str, str], attachment: str | None) -> Response:
    if file.redirect_url is not None:
        url = file.redirect_url
        file.close()
        return RedirectResponse(url, headers={"Cache-Control": "no-store"})
    headers |= {"ETag": file.etag, "Last-Modified": http_date(file.modified_at)}
    if is_not_modified(request, etag=file.etag, modified_at=file.modified_at):
        file.close()
        return Response(status_code=304, headers=headers)
    headers["Accept-Ranges"] = "bytes"
    if attachment is not None:
        headers["Content-Disposition"] = _disposition(attachment)
    part = requested_range(request, file.size, (file.etag, headers["Last-Modified"]))
    if part is None:
        return _FileResponse(file, range(file.size), 200, headers)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{file.size}"
    return _FileResponse(file, part, 206, headers)


class _FileResponse(StreamingResponse):
    def __init__(self, file: StoredFile, part: range, status_code: int, headers: dict[str, str]) -> None:
        headers["Content-Length"] = str(len(part))
        super().__init__(
            file.open_range(part.start, part.stop), status_code, headers=headers, media_type=file.media_type
        )
        self._file = file
        self._bytes = len(part)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] == "HEAD":
                await Response(None, self.status_code, headers=self.headers)(scope, receive, send)
            elif self._bytes <= _ONE_PIECE_BYTES:
                await self.stream_response(send)  # too little to watch meanwhile whether the client has gone
            else:
                await super().__call__(scope, receive, send)
        finally:
            self._file.close()


def _disposition(filename: str) -> str:
    quoted = quote(filename)
    return (
        f'attachment; filename="{filename}"'
        if quoted == filename
        else f"attachment; filename*=utf-8''{quoted}"
    )
