"""The OpenAPI document says what the API does."""

import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from common.recipes.recipe import default_recipe
from services.api.routes import routes
from services.api.uploads.presets import load_presets
from tests.support.http.api import Api, open_api
from tests.support.images.minimal_gif import GIF

OPERATED = {"/healthz", "/readyz", "/metrics", "/openapi.json"}


async def document(api: Api) -> dict[str, Any]:
    answer = await api.http.get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


async def test_every_route_is_documented_with_its_methods(api: Api) -> None:
    documented = {
        (path, method.upper())
        for path, item in (await document(api))["paths"].items()
        for method in item
        if method != "parameters"
    }
    routed = {
        (route.path, method)  # type: ignore[attr-defined]
        for route in routes()
        for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]
    }
    assert documented == {(path, method) for path, method in routed if path not in OPERATED}


async def test_every_reference_leads_somewhere(api: Api) -> None:
    text = (await api.http.get("/openapi.json")).text
    names = set(re.findall(r'"\$ref":"#/components/schemas/([^"]+)"', text))

    assert names
    assert names <= set((await document(api))["components"]["schemas"])


async def test_the_schema_of_recipes_takes_the_presets_and_refuses_what_the_api_refuses(api: Api) -> None:
    found = await document(api)
    schema = {"$ref": "#/components/schemas/Recipe", "components": found["components"]}
    check = jsonschema_rs.validator_for(schema)

    for preset in load_presets(None, default=default_recipe()).values():
        assert check.is_valid(msgspec.to_builtins(preset.recipe()))
    assert not check.is_valid({"outputs": []})
    assert not check.is_valid({"outputs": [{"name": "a", "operations": [{"op": "explode"}]}]})


async def test_answers_are_as_their_schemas_say(api: Api) -> None:
    components = (await document(api))["components"]
    image_id = (await api.http.post("/upload", files={"file": ("a.gif", GIF)})).json()["image_id"]
    answers = {
        "StatusView": f"/status/{image_id}",
        "ImageRecord": f"/images/{image_id}",
        "ImageList": "/images",
        "PresetList": "/presets",
        "ProblemDetails": "/status/nobody",
    }
    for name, path in answers.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": components}
        jsonschema_rs.validate(schema, (await api.http.get(path)).json())


@pytest.mark.parametrize("keys", [False, True])
async def test_a_key_is_asked_for_where_keys_are_configured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, keys: bool
) -> None:
    path = tmp_path / "keys"
    path.write_text(f"somebody:{'0' * 64}\n")
    async with open_api(monkeypatch, tmp_path, api_keys_file=str(path) if keys else "") as api:
        found = await document(api)

    assert bool(found["security"]) == keys
    assert ("securitySchemes" in found["components"]) == keys
