"""Reads the body of an upload: multipart with a push parser, or the raw bytes of one picture; never a spool file."""

from collections.abc import AsyncIterator
from typing import Final

from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)
from starlette.requests import Request

from services.api.pace import Pace
from services.api.problems import Problem
from services.api.receiving import Reception

FILE_FIELD: Final = "file"
_MAX_PART_HEADER: Final = 4096  # bytes a line; a file name of 255 characters fits in any encoding
_MAX_PART_HEADERS: Final = 8  # RFC 7578 knows three
_MAX_BOUNDARY: Final = 70  # RFC 2046, 5.1.1
_MAX_AROUND: Final = 64 * 1024


async def receive(request: Request, reception: Reception, pace: Pace) -> None:
    """Feed the request's files into `reception`. Raises Problem for whatever is wrong with the request."""
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    body = pace.keep(request.stream())
    if media_type == "multipart/form-data":
        await _receive_form(body, options.get("boundary", ""), reception)
    elif media_type.startswith("image/"):
        await _receive_raw(body, request.query_params.get("filename"), reception)
    else:
        raise Problem(
            415,
            "unsupported_media_type",
            f"send multipart/form-data with the field {FILE_FIELD!r}, or the picture's bytes with an image/* type",
        )
    if not reception.files:
        raise Problem(422, "missing_file", f"the form has no field {FILE_FIELD!r} with a file")


async def _receive_raw(body: AsyncIterator[bytes], filename: str | None, reception: Reception) -> None:
    await reception.begin(filename)
    async for chunk in body:
        await reception.write(chunk)
    await reception.end()


async def _receive_form(body: AsyncIterator[bytes], boundary: str, reception: Reception) -> None:
    if not 0 < len(boundary) <= _MAX_BOUNDARY:
        detail = f"the Content-Type must name a boundary of 1 to {_MAX_BOUNDARY} characters"
        raise Problem(400, "malformed_multipart", detail)
    # What surrounds the parts is ignored (RFC 2046, 5.1.1), but not without end.
    most = reception.max_files * (reception.max_bytes + _MAX_PART_HEADER * _MAX_PART_HEADERS) + _MAX_AROUND
    received = 0
    try:
        parser = PushMultipartParser(
            boundary,
            max_header_size=_MAX_PART_HEADER,
            max_header_count=_MAX_PART_HEADERS,
            max_segment_count=reception.max_files,
        )
        async for chunk in body:
            received += len(chunk)
            if received > most:
                raise Problem(413, "multipart_limit", f"the form has more than {most} bytes", limit=most)
            for event in parser.parse(chunk):
                await _dispatch(event, reception)
        parser.close()
    except ParserLimitReached as error:
        raise Problem(413, "multipart_limit", f"the form is over a limit: {error}") from error
    except (MultipartError, UnicodeError) as error:
        raise Problem(400, "malformed_multipart", f"the form cannot be read: {error}") from error


async def _dispatch(event: MultipartSegment | bytes | None, reception: Reception) -> None:
    if event is None:
        await reception.end()
    elif isinstance(event, MultipartSegment):
        if not event.name:
            raise Problem(400, "malformed_multipart", "a part of the form has no name")
        if event.name != FILE_FIELD:
            name = event.name[:64]
            raise Problem(
                422, "unknown_field", f"unknown form field {name!r}; allowed: {FILE_FIELD!r}", field=name
            )
        await reception.begin(event.filename)
    else:
        await reception.write(event)
