"""Reads the body of an upload: multipart with a push parser, or the raw bytes of one image; never a spool file."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)
from starlette.requests import Request

from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem
from services.api.limits.upload_timeouts import UploadTimeouts
from services.api.uploads.receiver import UploadReceiver
from services.api.uploads.recipe_selection import FIELDS, RecipeSelection

FILE_FIELD: Final = "file"
_MAX_PART_HEADER: Final = 4096  # bytes a line; a file name of 255 characters fits in any encoding
_MAX_PART_HEADERS: Final = 8  # RFC 7578 knows three
_MAX_BOUNDARY: Final = 70  # RFC 2046, 5.1.1
_MAX_AROUND: Final = 64 * 1024
_MAX_TEXT: Final = 64 * 1024  # sixteen outputs of sixteen operations each, written out


async def receive(
    request: Request, receiver: UploadReceiver, selection: RecipeSelection, timeouts: UploadTimeouts
) -> None:
    """Feed the request's files into `receiver` and what it says of them into `selection`; query parameters say it too.

    Raises Problem for whatever is wrong with the request.
    """
    for name, text in request.query_params.multi_items():
        if name in FIELDS:
            selection.set_field(name, text)
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    body = timeouts.enforce(request.stream())
    if media_type == "multipart/form-data":
        await _read_multipart(body, options.get("boundary", ""), MultipartReader(receiver, selection))
    elif media_type.startswith("image/"):
        await _read_raw(body, request.query_params.get("filename"), receiver)
    else:
        raise Problem(
            ProblemCode.UNSUPPORTED_MEDIA_TYPE,
            f"send multipart/form-data with the field {FILE_FIELD!r}, or the image's bytes with an image/* type",
        )
    if not receiver.files:
        raise Problem(ProblemCode.MISSING_FILE, f"the form has no field {FILE_FIELD!r} with a file")


@dataclass
class MultipartReader:
    """Sorts the parts of a form: files to the receiver, short texts to the selection."""

    receiver: UploadReceiver
    selection: RecipeSelection
    _field: str | None = None
    _text: bytes = b""

    @property
    def max_parts(self) -> int:
        # One file more than there may be: then the answer says what there is too much of.
        return self.receiver.max_files + 1 + len(FIELDS)

    async def take(self, event: MultipartSegment | bytes | None) -> None:
        """Handle what the parser found: the head of a part, some of its bytes, or its end."""
        if isinstance(event, MultipartSegment):
            await self._begin(event)
        elif self._field is None:
            await (self.receiver.end() if event is None else self.receiver.write(event))
        elif event is None:
            self.selection.set_field(self._field, self._text.decode())
        else:
            self._text += event
            if len(self._text) > _MAX_TEXT:
                detail = f"the field {self._field!r} may have {_MAX_TEXT} bytes at most"
                raise Problem(ProblemCode.MULTIPART_LIMIT, detail, limit=_MAX_TEXT)

    async def _begin(self, part: MultipartSegment) -> None:
        self._field, self._text = None, b""
        if not part.name:
            raise Problem(ProblemCode.MALFORMED_MULTIPART, "a part of the form has no name")
        if part.name == FILE_FIELD:
            await self.receiver.begin(part.filename)
        elif part.name in FIELDS:
            self._field = part.name
        else:
            name, allowed = part.name[:64], (FILE_FIELD, *FIELDS)
            detail = f"unknown form field {name!r}; allowed: {', '.join(allowed)}"
            raise Problem(ProblemCode.UNKNOWN_FIELD, detail, field=name, allowed=allowed)


async def _read_raw(body: AsyncIterator[bytes], filename: str | None, receiver: UploadReceiver) -> None:
    await receiver.begin(filename)
    async for chunk in body:
        await receiver.write(chunk)
    await receiver.end()


async def _read_multipart(body: AsyncIterator[bytes], boundary: str, form: MultipartReader) -> None:
    if not 0 < len(boundary) <= _MAX_BOUNDARY:
        detail = f"the Content-Type must name a boundary of 1 to {_MAX_BOUNDARY} characters"
        raise Problem(ProblemCode.MALFORMED_MULTIPART, detail)
    # What surrounds the parts is ignored (RFC 2046, 5.1.1), but not without end.
    heads = form.max_parts * _MAX_PART_HEADER * _MAX_PART_HEADERS
    most = form.receiver.max_files * form.receiver.max_bytes + heads + len(FIELDS) * _MAX_TEXT + _MAX_AROUND
    received = 0
    try:
        parser = PushMultipartParser(
            boundary,
            max_header_size=_MAX_PART_HEADER,
            max_header_count=_MAX_PART_HEADERS,
            max_segment_count=form.max_parts,
        )
        async for chunk in body:
            received += len(chunk)
            if received > most:
                raise Problem(ProblemCode.MULTIPART_LIMIT, f"the form has more than {most} bytes", limit=most)
            for event in parser.parse(chunk):
                await form.take(event)
        parser.close()
    except ParserLimitReached as error:
        raise Problem(ProblemCode.MULTIPART_LIMIT, f"the form is over a limit: {error}") from error
    except (MultipartError, UnicodeError) as error:
        raise Problem(ProblemCode.MALFORMED_MULTIPART, f"the form cannot be read: {error}") from error
