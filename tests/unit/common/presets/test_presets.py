"""Presets: the built-in ones, an operator's file, and what is said of a file that is wrong."""

from pathlib import Path

import pytest

from common.errors import ConfigurationError
from common.presets.presets import Presets, load_presets
from common.recipes.geometry import Resize
from common.recipes.recipe import Recipe
from common.recipes.watermark import Watermark


def loaded(folder: Path, text: str, **options: str) -> Presets:
    path = folder / "presets.toml"
    path.write_text(text)
    return load_presets(path, **options)


def test_the_built_in_presets_are_there_and_say_what_they_are_for() -> None:
    presets = load_presets()

    assert set(presets) == {"default", "plain", "avatar", "thumbnails", "responsive"}
    assert all(preset.description for preset in presets.values())


def test_the_default_preset_is_a_marked_image_and_a_thumbnail() -> None:
    large, thumbnail = load_presets()["default"].outputs

    assert (large.name, large.format) == ("large", "jpeg")
    assert large.operations == (Resize(width=800, height=800), Watermark(text="SAMPLE WATERMARK"))
    assert (thumbnail.name, thumbnail.format) == ("thumbnail", "webp")
    (resize,) = thumbnail.operations
    assert isinstance(resize, Resize)
    assert (resize.width, resize.height, resize.fit, resize.enlarge) == (200, 200, "cover", True)


def test_plain_is_the_default_without_its_watermark() -> None:
    assert load_presets()["plain"].recipe() == load_presets(watermark_text="")["default"].recipe()


def test_the_watermark_s_text_comes_from_the_setting(tmp_path: Path) -> None:
    assert load_presets(watermark_text="© me")["default"].outputs[0].operations[1] == Watermark(text="© me")
    mark = '{ op = "watermark", text = "{watermark_text} 2026" }'
    text = f'[default]\n[[default.outputs]]\nname = "a"\noperations = [{mark}]'
    (operation,) = loaded(tmp_path, text, watermark_text="© me")["default"].outputs[0].operations
    assert operation == Watermark(text="© me 2026")


def test_a_blank_setting_leaves_the_watermark_out_but_a_blank_text_of_the_file_is_wrong(
    tmp_path: Path,
) -> None:
    assert load_presets(watermark_text=" ")["default"].outputs[0].operations == (
        Resize(width=800, height=800),
    )
    text = '[default]\n[[default.outputs]]\nname = "a"\noperations = [{ op = "watermark", text = " " }]'
    with pytest.raises(ConfigurationError, match="must not be blank"):
        loaded(tmp_path, text)


def test_a_setting_that_makes_a_watermark_too_long_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"preset 'default', outputs\[0\]\.operations\[1\]\.text: .*200"
    ):
        load_presets(watermark_text="x" * 201)


def test_a_preset_s_recipe_is_a_recipe_and_nothing_more() -> None:
    assert type(load_presets()["avatar"].recipe()) is Recipe


def test_an_operator_s_file_takes_the_place_of_the_built_in_ones(tmp_path: Path) -> None:
    text = '[default]\n[[default.outputs]]\nname = "only"\n[icon]\n[[icon.outputs]]\nname = "icon"\nformat = "png"\n'

    presets = loaded(tmp_path, text)

    assert list(presets) == ["default", "icon"]
    assert presets["default"].outputs[0].name == "only"
    assert presets["icon"].outputs[0].name == "icon"


def test_a_file_without_a_default_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"PRESETS_FILE presets\.toml has no preset 'default'"):
        loaded(tmp_path, '[icon]\n[[icon.outputs]]\nname = "icon"\n')


WRONG = {
    "not TOML": ("[icon", "not TOML"),
    "no outputs": ("[icon]", r"preset 'icon': .*outputs"),
    "empty outputs": ("[icon]\noutputs = []", r"preset 'icon', outputs: .*length >= 1"),
    "a wrong number": (
        '[icon]\noutputs = [{ name = "a", operations = [{ op = "resize", width = 0, height = 1 }] }]',
        r"preset 'icon', outputs\[0\]\.operations\[0\]\.width: .*>= 1",
    ),
    "an unknown operation": (
        '[icon]\noutputs = [{ name = "a", operations = [{ op = "explode" }] }]',
        r"preset 'icon', outputs\[0\]\.operations\[0\]\.op: .*explode.*allowed: .*resize",
    ),
    "a name that is none": ('["../x"]\noutputs = [{ name = "a" }]', r"preset '\.\./x'"),
    "something unknown": (
        '[icon]\noutputs = [{ name = "a", color = 1 }]',
        r"preset 'icon', outputs\[0\]: .*color",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_is_said_with_the_preset_and_the_field(tmp_path: Path, kind: str) -> None:
    text, told = WRONG[kind]

    with pytest.raises(ConfigurationError, match=told) as caught:
        loaded(tmp_path, text)

    assert "PRESETS_FILE presets.toml" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"PRESETS_FILE none\.toml cannot be read"):
        load_presets(tmp_path / "none.toml")
