from typing import Any

import msgspec
import pytest

from common.errors import ConfigurationError
from common.recipes.operations import Resize, Watermark
from common.recipes.recipe import MAX_OUTPUTS, Recipe, default_recipe


def recipe(**output: Any) -> Recipe:
    return msgspec.convert({"outputs": [{"name": "large", **output}]}, Recipe)


def test_the_built_in_preset_is_a_marked_picture_and_a_thumbnail() -> None:
    large, thumbnail = default_recipe().outputs
    assert (large.name, large.format) == ("large", "jpeg")
    assert large.operations == (Resize(width=800, height=800), Watermark(text="SAMPLE WATERMARK"))
    assert (thumbnail.name, thumbnail.format) == ("thumbnail", "webp")
    assert thumbnail.operations == (Resize(width=200, height=200, fit="cover", enlarge=True),)


def test_the_built_in_preset_takes_its_text_sizes_and_formats_from_the_configuration() -> None:
    large, thumbnail = default_recipe(
        text="© me", large_pixels=640, large_format="webp", thumbnail_pixels=64, thumbnail_format="png"
    ).outputs
    assert (large.format, thumbnail.format) == ("webp", "png")
    assert large.operations == (Resize(width=640, height=640), Watermark(text="© me"))
    assert thumbnail.operations == (Resize(width=64, height=64, fit="cover", enlarge=True),)


def test_no_text_is_no_watermark() -> None:
    assert default_recipe(text=" ").outputs[0].operations == (Resize(width=800, height=800),)


@pytest.mark.parametrize(
    "wrong, named",
    [
        ({"large_pixels": 0}, "width"),
        ({"thumbnail_pixels": 9000}, "width"),
        ({"large_format": "bmp"}, "format"),
        ({"text": "x" * 201}, "text"),
    ],
)
def test_a_preset_out_of_bounds_says_what_is_wrong(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        default_recipe(**wrong)


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
