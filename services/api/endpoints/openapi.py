"""`GET /openapi.json`: the interface as OpenAPI 3.1, with schemas generated from the structs that are exchanged."""

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from common import __version__
from common.model.status import StatusView
from common.recipes.recipe import Recipe
from services.api.dependencies import dependencies_of
from services.api.endpoints.signed_urls import SignatureRequest
from services.api.openapi import schemas
from services.api.openapi.paths import paths

_STRUCTS: Final = (
    Recipe,
    SignatureRequest,
    StatusView,
    schemas.Accepted,
    schemas.AcceptedMany,
    schemas.ImageRecord,
    schemas.ImageList,
    schemas.Retried,
    schemas.PresetList,
    schemas.SignedUrl,
    schemas.ProblemDetails,
)


async def openapi(request: Request) -> Response:
    """The document, which was made at the start."""
    document = dependencies_of(request).openapi
    return Response(document, media_type="application/json", headers={"Cache-Control": "no-cache"})


def document(*, keys: bool, presets: list[str]) -> bytes:
    """The document as JSON; with `keys`, it says that one is needed."""
    _, schemas = msgspec.json.schema_components(_STRUCTS, ref_template="#/components/schemas/{name}")
    bearer = {"type": "http", "scheme": "bearer", "description": "An API key."}
    made: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Darkroom",
            "version": __version__,
            "description": "Takes images, develops them in the background, and tells what became of them.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths(presets),
        "components": {"schemas": schemas} | ({"securitySchemes": {"key": bearer}} if keys else {}),
        "security": [{"key": []}] if keys else [],
    }
    return msgspec.json.encode(made)
