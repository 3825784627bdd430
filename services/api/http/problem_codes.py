"""Lists every refusal the API can give: code, HTTP status and title in one table.

`Problem` is raised by a name from here; the manual's list and the OpenAPI document are made from it. To add a problem,
add a row.
"""

from enum import Enum, unique
from operator import attrgetter
from typing import Final, Self

_TYPE_PREFIX: Final = "urn:problem-type:darkroom:"


@unique
class ProblemCode(Enum):
    """A row is a status and a title; the code that clients compare is the name in lower case."""

    INVALID_IDEMPOTENCY_KEY = 400, "The Idempotency-Key field is malformed"
    MALFORMED_MULTIPART = 400, "The form cannot be read"
    MALFORMED_REQUEST = 400, "The request is not valid HTTP"
    UNAUTHORIZED = 401, "No valid API key was sent"
    INVALID_SIGNATURE = 403, "The signed URL is not as it was made"
    SIGNATURE_EXPIRED = 403, "The signed URL has expired"
    NOT_FOUND = 404, "There is no such path"
    IMAGE_NOT_FOUND = 404, "There is no such image, or it belongs to another key"
    OUTPUT_NOT_FOUND = 404, "The image has no such output"
    OUTPUT_NOT_READY = 404, "The image is not developed yet"
    METHOD_NOT_ALLOWED = 405, "The path does not know this method"
    HEAD_TIMEOUT = 408, "The head of the request took too long"
    UPLOAD_TIMEOUT = 408, "The body of the request came too slowly"
    IDEMPOTENCY_KEY_REUSED = 409, "The Idempotency-Key was used with other bytes"
    NOT_FAILED = 409, "Only a failed image can be run again"
    SIGNING_OFF = 409, "No secrets to sign URLs with are configured"
    PRECONDITION_FAILED = 412, "A condition of the request does not hold"
    BODY_TOO_LARGE = 413, "The body of the request is too large"
    MULTIPART_LIMIT = 413, "The form is over a limit"
    TOO_MANY_FILES = 413, "The upload has too many files"
    UPLOAD_TOO_LARGE = 413, "A file of the upload is too large"
    UNSUPPORTED_FORMAT = 415, "The bytes are no image of a format that is taken"
    UNSUPPORTED_MEDIA_TYPE = 415, "The Content-Type is neither a form nor an image"
    RANGE_NOT_SATISFIABLE = 416, "The range lies outside the file"
    EMPTY_FILE = 422, "A file of the upload is empty"
    IMAGE_TOO_COMPLEX = 422, "The image's file is made of too many pieces"
    IMAGE_TOO_LARGE = 422, "The image has too many pixels or frames"
    INVALID_PARAMETER = 422, "A parameter is missing or invalid"
    INVALID_RECIPE = 422, "The recipe is invalid"
    MISSING_FILE = 422, "The form has no file"
    RECIPES_OFF = 422, "Only presets are taken"
    UNKNOWN_FIELD = 422, "The form has an unknown field"
    UNKNOWN_PRESET = 422, "There is no such preset"
    RATE_LIMITED = 429, "Too many images from this client"
    TOO_MANY_CLIENT_UPLOADS = 429, "Too many uploads of this client are in progress"
    TOO_MANY_PENDING_IMAGES = 429, "Too many images of this client wait or are in hand"
    HEAD_TOO_LARGE = 431, "The head of the request is too large"
    INTERNAL_ERROR = 500, "Something went wrong in the server"
    BACKLOG_FULL = 503, "Too many images wait to be developed"
    BROKER_UNAVAILABLE = 503, "The message broker does not answer"
    DISK_RESERVE = 503, "Too little disk space is free"
    PUBLISH_NACKED = 503, "A queue of the message broker is full"
    RECORD_UNREADABLE = 503, "The record of the image cannot be read"
    STORE_UNAVAILABLE = 503, "The store does not answer"
    TOO_MANY_CONNECTIONS = 503, "Too many connections are open"
    TOO_MANY_UPLOADS = 503, "Too many uploads are in progress"
    UNAVAILABLE = 503, "Something that the server needs does not answer"
    STORE_FULL = 507, "The store has no room left"

    def __init__(self, status: int, title: str) -> None:
        self.status = status
        self.title = title

    @property
    def code(self) -> str:
        """The stable code, such as `image_not_found`."""
        return self.name.lower()

    @property
    def type_uri(self) -> str:
        """The problem type (RFC 9457, 3.1.1): a URN of the code, which identifies it and is no link."""
        return _TYPE_PREFIX + self.code

    @classmethod
    def from_code(cls, code: str) -> Self:
        """Return the row of a `DarkroomError.code`. Raises KeyError where the table has none."""
        return cls[code.upper()]


def codes_by_status() -> dict[int, list[ProblemCode]]:
    """Return the rows of each status, both in rising order."""
    grouped: dict[int, list[ProblemCode]] = {}
    for row in sorted(ProblemCode, key=attrgetter("status", "name")):
        grouped.setdefault(row.status, []).append(row)
    return grouped


def markdown_table() -> str:
    """Return the table of all codes as Markdown, for the manual."""
    rows = [
        f"| {row.status} | `{row.code}` | {row.title} |"
        for rows in codes_by_status().values()
        for row in rows
    ]
    return "\n".join(["| status | code | title |", "|---|---|---|", *rows, ""])
