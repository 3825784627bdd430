"""Handles `GET /presets`: what an upload may ask for by name."""

from starlette.requests import Request
from starlette.responses import Response

from services.api.dependencies import dependencies_of
from services.api.http.responses import MsgspecResponse
from services.api.openapi.schemas import PresetList, PresetView


async def list_presets(request: Request) -> Response:
    """Answer the presets in the order of their file, each with its recipe."""
    services = dependencies_of(request)
    views = [
        PresetView(name=name, description=preset.description, recipe=preset.recipe())
        for name, preset in services.uploads.recipes.presets.items()
    ]
    return MsgspecResponse(PresetList(presets=views), headers={"Cache-Control": "no-cache"})
