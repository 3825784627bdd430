"""The parameters and request bodies that the route table names."""

from typing import Any, Final

from common.model.records import STATUSES
from services.api.openapi.operation import BINARY, IMAGE, JSON, Json, Parameter, reference

DEFAULT_PAGE_SIZE: Final = 50
MAX_PAGE_SIZE: Final = 500

_UUID: Final[Json] = {"type": "string", "format": "uuid"}
_PRESET: Final[Json] = reference("PresetName")
_RECIPE: Final[Json] = {
    "type": "string",
    "description": "A recipe of your own, as JSON, instead of a preset.",
    "contentMediaType": JSON,
    "contentSchema": reference("Recipe"),
}

IMAGE_ID: Final = Parameter(name="image_id", place="path", schema=_UUID, required=True)
OUTPUT: Final = Parameter(name="output", place="path", required=True)
CURSOR: Final = Parameter(name="cursor", schema=_UUID)
STATUS: Final = Parameter(name="status", schema={"type": "string", "enum": list(STATUSES)})
LIMIT: Final = Parameter(
    name="limit",
    schema={"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": DEFAULT_PAGE_SIZE},
)
SINCE: Final = Parameter(name="since", schema={"type": "string", "format": "date-time"}, required=True)
CONDITIONAL: Final = tuple(
    Parameter(name=name, place="header")
    for name in (
        "Range",
        "If-Range",
        "If-Match",
        "If-None-Match",
        "If-Modified-Since",
        "If-Unmodified-Since",
    )
)
UPLOAD: Final = (
    Parameter(name="preset", schema=_PRESET),
    Parameter(name="recipe"),
    Parameter(name="filename"),
    Parameter(
        name="Idempotency-Key", place="header", schema={"type": "string", "minLength": 1, "maxLength": 255}
    ),
)

_FORM: Final[Json] = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "array", "minItems": 1, "items": BINARY},
        "preset": _PRESET,
        "recipe": _RECIPE,
    },
    "additionalProperties": False,
}
UPLOAD_BODY: Final[dict[str, Any]] = {"multipart/form-data": _FORM, IMAGE: BINARY}
