"""What an upload asks to be made: a preset, a recipe, or nothing."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.http.api import Api, open_api, problem_of
from tests.support.images.minimal_gif import GIF

RESIZE = {"op": "resize", "width": 10, "height": 10}
OWN = {"outputs": [{"name": "tiny", "format": "png", "operations": [RESIZE]}]}


async def upload(api: Api, *, raw: bool = False, **fields: str) -> httpx.Response:
    if raw:
        return await api.http.post(
            "/upload", params=fields, content=GIF, headers={"Content-Type": "image/gif"}
        )
    return await api.http.post("/upload", data=fields, files={"file": ("photo.gif", GIF)})


async def made_of(api: Api, answer: httpx.Response) -> tuple[str | None, list[str]]:
    """The preset and the outputs' names in the manifest."""
    assert answer.status_code == 202, answer.text
    record = await api.store.read(answer.json()["image_id"])
    assert record is not None
    return record.manifest.preset, [output.name for output in record.manifest.recipe.outputs]


@pytest.mark.parametrize("raw", [False, True])
async def test_without_a_wish_the_default_preset_is_taken(api: Api, raw: bool) -> None:
    assert await made_of(api, await upload(api, raw=raw)) == ("default", ["large", "thumbnail"])


@pytest.mark.parametrize("raw", [False, True])
async def test_a_preset_is_asked_for_by_its_name(api: Api, raw: bool) -> None:
    assert await made_of(api, await upload(api, raw=raw, preset="avatar")) == ("avatar", ["avatar", "small"])


@pytest.mark.parametrize("raw", [False, True])
async def test_a_recipe_of_one_s_own_is_taken(api: Api, raw: bool) -> None:
    assert await made_of(api, await upload(api, raw=raw, recipe=json.dumps(OWN))) == (None, ["tiny"])


async def test_the_wish_may_come_before_or_after_the_file_and_holds_for_every_file(api: Api) -> None:
    files = [
        ("file", ("a.gif", GIF)),
        ("preset", (None, b"avatar")),
        ("file", ("b.gif", GIF)),
    ]

    answer = await api.http.post("/upload", files=files)

    assert answer.status_code == 202, answer.text
    assert [kept.manifest.preset for kept in api.memory.images.values()] == ["avatar"] * 2


def nested(operation: dict[str, Any]) -> str:
    return json.dumps({"outputs": [{"name": "a", "operations": [RESIZE, operation]}]})


WRONG = {
    "an unknown preset": ({"preset": "nothing"}, "unknown_preset", "preset", "avatar"),
    "both": ({"preset": "avatar", "recipe": json.dumps(OWN)}, "invalid_parameter", "recipe", "one preset"),
    "no JSON": ({"recipe": "{"}, "invalid_recipe", "recipe", "JSON"),
    "no text": ({"recipe": ""}, "invalid_recipe", "recipe", "JSON"),
    "not an object": ({"recipe": "[]"}, "invalid_recipe", "recipe", "object"),
    "no outputs": ({"recipe": '{"outputs": []}'}, "invalid_recipe", "recipe.outputs", ">= 1"),
    "endlessly nested": ({"recipe": "[" * 3_000}, "invalid_recipe", "recipe", ""),
    "a wrong number": (
        {"recipe": nested(RESIZE | {"width": 100_000})},
        "invalid_recipe",
        "recipe.outputs[0].operations[1].width",
        "<= 8192",
    ),
    "an unknown operation": (
        {"recipe": nested({"op": "explode"})},
        "invalid_recipe",
        "recipe.outputs[0].operations[1].op",
        "allowed: resize",
    ),
    "an unknown format": (
        {"recipe": json.dumps({"outputs": [{"name": "a", "format": "bmp"}]})},
        "invalid_recipe",
        "recipe.outputs[0].format",
        "jpeg, png, webp",
    ),
    "an output of the original's name": (
        {"recipe": json.dumps({"outputs": [{"name": "original"}]})},
        "invalid_recipe",
        "recipe",
        "original",
    ),
}


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("kind", WRONG)
async def test_a_wrong_wish_is_refused_with_its_place_and_what_is_allowed(
    api: Api, kind: str, raw: bool
) -> None:
    fields, code, place, told = WRONG[kind]

    answer = await upload(api, raw=raw, **fields)

    assert problem_of(answer) == (422, code)
    assert answer.json()["field"] == place
    assert told in answer.json()["detail"]
    assert not api.memory.images
    assert not api.memory.incoming


async def test_a_field_may_not_be_endless(api: Api) -> None:
    assert problem_of(await upload(api, recipe=" " * 70_000)) == (413, "multipart_limit")


async def test_limits_of_the_operator_hold_for_recipes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    many = {"outputs": [{"name": f"o{number}"} for number in range(3)]}
    long = {"outputs": [{"name": "a", "operations": [RESIZE] * 3}]}
    large = {"outputs": [{"name": "a", "operations": [RESIZE | {"height": 101}]}]}
    limits = {"max_outputs": 2, "max_operations": 2, "max_output_dimension": 100}
    async with open_api(monkeypatch, tmp_path, **limits) as api:
        places = []
        for recipe in (many, long, large):
            answer = await upload(api, recipe=json.dumps(recipe))
            assert problem_of(answer) == (422, "invalid_recipe")
            places.append(answer.json()["field"])
        assert (await upload(api, preset="thumbnails")).status_code == 202, "a preset is the operator's"

    assert places == [
        "recipe.outputs",
        "recipe.outputs[0].operations",
        "recipe.outputs[0].operations[0].height",
    ]


async def test_an_operator_may_take_presets_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with open_api(monkeypatch, tmp_path, allow_recipes=False) as api:
        assert problem_of(await upload(api, recipe=json.dumps(OWN))) == (422, "recipes_off")
        assert (await upload(api, preset="avatar")).status_code == 202


async def test_the_presets_are_listed_with_their_recipes(api: Api) -> None:
    presets = (await api.http.get("/presets")).json()["presets"]

    assert [preset["name"] for preset in presets][:3] == ["default", "plain", "avatar"]
    assert presets[2]["recipe"]["outputs"][0]["name"] == "avatar"
    answer = await upload(api, recipe=json.dumps(presets[2]["recipe"]))
    assert await made_of(api, answer) == (None, ["avatar", "small"])
