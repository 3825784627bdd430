"""`GET /presets`: what an upload may ask for by name."""

from starlette.requests import Request
from starlette.responses import Response

from services.api.answers import Json
from services.api.bodies import PresetList, PresetView
from services.api.state import services_of


async def list_presets(request: Request) -> Response:
    """The presets in the order of their file, each with its recipe."""
    services = services_of(request)
    services.access.identify(request)
    views = [
        PresetView(name=name, description=preset.description, recipe=preset.recipe())
        for name, preset in services.chooser.presets.items()
    ]
    return Json(PresetList(presets=views), headers={"Cache-Control": "no-cache"})
