"""The paths of the OpenAPI document: what each takes and answers."""

from typing import Any, Final

_Json = dict[str, Any]

_ID: Final[_Json] = {
    "name": "image_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
}
_PICTURE: Final[_Json] = {"schema": {"type": "string", "format": "binary"}}
_NOT_FOUND: Final = "There is no such image, or it is somebody else's."


def paths(presets: list[str]) -> _Json:
    """Every path but those for whoever runs the service."""
    return {
        "/upload": {"post": _upload(presets)},
        "/signatures": {"post": _signatures()},
        "/status/{image_id}": {
            "parameters": [_ID],
            "get": _operation("The image's status", {200: ("Its status", "StatusView")}, 404),
        },
        "/images": {"get": _list()},
        "/images/retry": {"post": _retry_all()},
        "/images/{image_id}": {
            "parameters": [_ID],
            "get": _operation("All that is known of the image", {200: ("The record", "ImageRecord")}, 404),
            "delete": _operation(
                "Remove the image and all that was made of it", {204: ("Removed", None)}, 404
            ),
        },
        "/images/{image_id}/retry": {
            "parameters": [_ID],
            "post": _operation("Develop a failed image again", {202: ("Accepted", "Accepted")}, 404, 409),
        },
        "/images/{image_id}/original": {"parameters": [_ID], "get": _file("The bytes as they came")},
        "/images/{image_id}/{output}": {
            "parameters": [_ID, _parameter("output", {"type": "string"}, place="path")],
            "get": _file("A developed file; of several formats the one that Accept asks for"),
        },
        "/presets": {
            "get": _operation("What can be asked for by name", {200: ("The presets", "PresetList")})
        },
    }


def _upload(presets: list[str]) -> _Json:
    preset = {"type": "string", "enum": presets, "description": "A preset's name."}
    recipe = {
        "type": "string",
        "description": "A recipe of your own, as JSON, instead of a preset.",
        "contentMediaType": "application/json",
        "contentSchema": _ref("Recipe"),
    }
    files = {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}
    form = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": files, "preset": preset, "recipe": recipe},
        "additionalProperties": False,
    }
    accepted = {"oneOf": [_ref("Accepted"), _ref("AcceptedMany")]}
    upload = _operation(
        "Upload one picture or several",
        {202: ("Durable, and to be developed", None)},
        400,
        408,
        409,
        413,
        415,
    )
    upload["responses"] |= _problems(422, 429, 503, 507)
    upload["responses"]["202"]["content"] = {"application/json": {"schema": accepted}}
    upload["requestBody"] = {
        "required": True,
        "content": {"multipart/form-data": {"schema": form}, "image/*": _PICTURE},
    }
    upload["parameters"] = [
        _parameter("preset", preset),
        _parameter("recipe", {"type": "string"}),
        _parameter("filename", {"type": "string"}),
        _parameter("Idempotency-Key", {"type": "string", "minLength": 1, "maxLength": 255}, place="header"),
    ]
    return upload


def _signatures() -> _Json:
    made = _operation(
        "Make a signed URL that needs no key", {201: ("The URL", "SignedUrl")}, 404, 409, 413, 422
    )
    schema = {"schema": _ref("SignatureRequest")}
    return made | {"requestBody": {"required": True, "content": {"application/json": schema}}}


def _list() -> _Json:
    made = _operation("Images, newest first", {200: ("A page of them", "ImageList")}, 422)
    statuses = ["uploaded", "processing", "completed", "failed"]
    made["parameters"] = [
        _parameter("status", {"type": "string", "enum": statuses}),
        _parameter("limit", {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}),
        _parameter("cursor", {"type": "string", "format": "uuid"}),
    ]
    return made


def _retry_all() -> _Json:
    made = _operation("Develop all failed images again", {202: ("Which", "Retried")}, 422)
    made["parameters"] = [
        _parameter("since", {"type": "string", "format": "date-time"}, required=True),
        _parameter("cursor", {"type": "string", "format": "uuid"}),
    ]
    return made


def _file(summary: str) -> _Json:
    made = _operation(
        summary,
        {200: ("The file", None), 206: ("A range of it", None), 304: ("Not modified", None)},
        404,
        416,
    )
    for status in ("200", "206"):
        made["responses"][status]["content"] = {"image/*": _PICTURE}
    made["parameters"] = [
        _parameter("Range", {"type": "string"}, place="header"),
        _parameter("If-None-Match", {"type": "string"}, place="header"),
    ]
    return made


def _operation(summary: str, successes: dict[int, tuple[str, str | None]], *refusals: int) -> _Json:
    responses: _Json = {}
    for status, (description, schema) in successes.items():
        responses[str(status)] = {"description": description}
        if schema is not None:
            responses[str(status)]["content"] = {"application/json": {"schema": _ref(schema)}}
    return {"summary": summary, "responses": responses | _problems(401, 403, *refusals)}


def _problems(*statuses: int) -> _Json:
    content = {"application/problem+json": {"schema": _ref("ProblemDetails")}}
    return {
        str(status): {
            "description": _NOT_FOUND if status == 404 else "Refused; `code` says why.",  # noqa: PLR2004
            "content": content,
        }
        for status in statuses
    }


def _parameter(name: str, schema: _Json, *, place: str = "query", required: bool = False) -> _Json:
    return {"name": name, "in": place, "required": required or place == "path", "schema": schema}


def _ref(name: str) -> _Json:
    return {"$ref": f"#/components/schemas/{name}"}
