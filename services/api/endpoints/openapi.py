"""Handles `GET /openapi.json`: the interface as OpenAPI 3.1."""

from starlette.requests import Request
from starlette.responses import Response

from services.api.dependencies import dependencies_of


async def openapi(request: Request) -> Response:
    """Answer the document, which was made at the start."""
    document = dependencies_of(request).openapi
    return Response(document, media_type="application/json", headers={"Cache-Control": "no-cache"})
