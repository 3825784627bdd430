"""The OpenAPI document says what the API does."""

import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from common.presets.presets import load_presets
from services.api.http.problem_codes import ProblemCode
from services.api.routes import ROUTES
from tests.support.http.api import Api, open_api
from tests.support.images.minimal_gif import GIF
from tests.support.store.stored_images import completed, uploaded

OPERATED = {"/healthz", "/readyz", "/metrics", "/openapi.json"}


async def document(api: Api) -> dict[str, Any]:
    answer = await api.http.get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


async def test_every_route_is_documented_with_its_methods(api: Api) -> None:
    documented = {
        (path, method.upper()) for path, item in (await document(api))["paths"].items() for method in item
    }
    routed = {(row.path, row.method) for row in ROUTES}
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

    for preset in load_presets().values():
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

    assert ("securitySchemes" in found["components"]) == keys
    security = {
        operation["operationId"]: operation.get("security")
        for item in found["paths"].values()
        for operation in item.values()
    }
    assert security["listImages"] == ([{"key": []}] if keys else None)
    assert security["getOutput"] == ([{"key": []}, {"signed_url": []}] if keys else None)


async def test_operations_have_names_of_their_own(api: Api) -> None:
    items = (await document(api))["paths"].values()
    names = [operation["operationId"] for item in items for operation in item.values()]

    assert sorted(names) == [
        "createSignedUrl", "deleteImage", "getImage", "getOriginal", "getOutput", "getStatus", "listImages",
        "listPresets", "retryFailedImages", "retryImage", "uploadImages",
    ]  # fmt: skip


async def test_problem_codes_are_an_enumeration_and_each_operation_names_its_own(api: Api) -> None:
    found = await document(api)
    schemas = found["components"]["schemas"]

    assert schemas["ProblemDetails"]["properties"]["code"] == {"$ref": "#/components/schemas/ProblemCode"}
    assert schemas["ProblemCode"]["enum"] == [row.code for row in ProblemCode]
    assert (
        "`not_failed`"
        in found["paths"]["/images/{image_id}/retry"]["post"]["responses"]["409"]["description"]
    )


async def test_a_generated_client_has_types_for_all_that_a_status_holds(api: Api) -> None:
    """No schema of an answer is an object of which nothing is said."""
    schemas = (await document(api))["components"]["schemas"]
    vague = [
        f"{name}.{member}"
        for name, schema in schemas.items()
        for member, kind in schema.get("properties", {}).items()
        if kind in ({}, {"type": "object"}) or kind.get("additionalProperties") is True
    ]

    assert vague == []
    assert {"StatusDetails", "OutputView", "ImageReport", "SourceReport", "Swatch"} <= schemas.keys()
    assert schemas["StatusDetails"]["properties"]["outputs"]["items"]["$ref"].endswith("/OutputView")


async def test_the_status_of_a_completed_image_is_as_its_schema_says(api: Api) -> None:
    image_id = await uploaded(api.store)
    await api.store.record_result(*completed(image_id))
    schema = {"$ref": "#/components/schemas/StatusView", "components": (await document(api))["components"]}
    body = (await api.http.get(f"/status/{image_id}")).json()

    jsonschema_rs.validate(schema, body)
    assert body["details"]["outputs"]
    del body["details"]["outputs"][0]["media_type"]
    assert not jsonschema_rs.validator_for(schema).is_valid(body)
