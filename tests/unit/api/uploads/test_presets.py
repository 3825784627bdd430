"""Presets: the built-in ones, an operator's file, and what is said of a file that is wrong."""

from pathlib import Path

import pytest

from common.errors import ConfigurationError
from common.recipes.recipe import Recipe, default_recipe
from services.api.uploads.presets import Presets, load_presets

DEFAULT = default_recipe()


def loaded(folder: Path, text: str) -> Presets:
    path = folder / "presets.toml"
    path.write_text(text)
    return load_presets(path, default=DEFAULT)


def test_the_built_in_presets_are_there_and_the_default_is_the_settings() -> None:
    presets = load_presets(None, default=DEFAULT)

    assert set(presets) >= {"default", "avatar", "thumbnails"}
    assert presets["default"].recipe() == DEFAULT
    assert all(preset.description for preset in presets.values())


def test_a_preset_s_recipe_is_a_recipe_and_nothing_more() -> None:
    assert type(load_presets(None, default=DEFAULT)["avatar"].recipe()) is Recipe


def test_an_operator_s_file_takes_the_place_of_the_built_in_ones(tmp_path: Path) -> None:
    text = '[icon]\n[[icon.outputs]]\nname = "icon"\nformat = "png"\n'

    presets = loaded(tmp_path, text)

    assert list(presets) == ["default", "icon"]
    assert presets["icon"].outputs[0].name == "icon"


def test_an_operator_s_default_is_the_default(tmp_path: Path) -> None:
    presets = loaded(tmp_path, '[default]\n[[default.outputs]]\nname = "only"\n')

    assert [output.name for output in presets["default"].outputs] == ["only"]


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
        load_presets(tmp_path / "none.toml", default=DEFAULT)
