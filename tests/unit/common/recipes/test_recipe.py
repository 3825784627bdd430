from typing import Any

import msgspec
import pytest

from common.recipes.recipe import MAX_OUTPUTS, Recipe
from tests.support.presets import default_recipe


def recipe(**output: Any) -> Recipe:
    return msgspec.convert({"outputs": [{"name": "large", **output}]}, Recipe)


def test_a_recipe_survives_its_way_through_the_manifest() -> None:
    assert msgspec.json.decode(msgspec.json.encode(default_recipe()), type=Recipe) == default_recipe()


@pytest.mark.parametrize(
    "wrong",
    [
        {"outputs": []},
        {"outputs": [{"name": f"n{number}"} for number in range(MAX_OUTPUTS + 1)]},
        {"outputs": [{"name": "twice"}, {"name": "twice"}]},
        {"outputs": [{"name": "original"}]},
        {"outputs": [{"name": "../large"}]},
        {"outputs": [{"name": "Large"}]},
        {"outputs": [{"name": "large\n"}]},
        {"outputs": [{"name": "large", "unknown": 1}]},
    ],
)
def test_recipes_that_are_none_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Recipe)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "resize", "width": 0, "height": 10},
        {"op": "resize", "width": 10, "height": 8193},
        {"op": "resize", "fit": "cover"},
        {"op": "resize", "width": 10, "height": 10, "fit": "squeeze"},
        {"op": "resize", "width": 10, "height": 10, "upscale": True},
        {"op": "watermark", "text": ""},
        {"op": "watermark", "text": " \n "},
        {"op": "watermark", "text": "x", "opacity": 1.5},
        {"op": "watermark", "text": "x", "size": 0.0},
        {"op": "watermark", "text": "x", "margin": 0.5},
        {"op": "watermark", "text": "x", "position": "middle"},
        {"op": "explode"},
    ],
)
def test_operations_out_of_bounds_are_refused(operation: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        recipe(operations=[operation])


@pytest.mark.parametrize(
    "wrong",
    [
        {"quality": 0},
        {"quality": 101},
        {"format": "eps"},
        {"format": []},
        {"format": ["jpeg", "jpeg"]},
        {"format": ["jpeg", "eps"]},
    ],
)
def test_outputs_out_of_bounds_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        recipe(**wrong)


def test_an_output_has_one_format_or_several() -> None:
    assert recipe().outputs[0].formats == ("jpeg",)
    assert recipe(format="gif").outputs[0].formats == ("gif",)
    assert recipe(format=["avif", "webp"]).outputs[0].formats == ("avif", "webp")
