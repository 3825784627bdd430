"""Presets: named recipes in a TOML file that the operator edits; those built in are such a file as well."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from common.errors import ConfigurationError
from common.recipes.recipe import Name, Recipe
from common.runtime.validation_errors import explain_validation_error

DEFAULT: Final = "default"
_BUILT_IN: Final = "presets.toml"


class Preset(Recipe, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A recipe with a sentence about it. In the file it is a table, and its name the table's."""

    description: Annotated[str, Meta(max_length=500)] = ""

    def recipe(self) -> Recipe:
        """The recipe alone, as it travels in a manifest."""
        return Recipe(outputs=self.outputs)


Presets = Mapping[str, Preset]


def load_presets(path: Path | None, *, default: Recipe) -> Presets:
    """The presets in the file, or the built-in ones without one; `default` stands unless the file has its own.

    Raises ConfigurationError, naming the preset, the field and what is allowed.
    """
    name, text = (_BUILT_IN, _built_in()) if path is None else (path.name, _read(path))
    built = {DEFAULT: Preset(outputs=default.outputs, description="What is made when nothing is asked for.")}
    return built | _parse(name, text)


def _built_in() -> str:
    return resources.files("services.api.uploads").joinpath(_BUILT_IN).read_text(encoding="utf-8")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"PRESETS_FILE {path.name} cannot be read: {reason}") from error


def _parse(file: str, text: str) -> dict[str, Preset]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"PRESETS_FILE {file} is not TOML: {error}") from error
    return {name: _preset(file, name, table) for name, table in document.items()}


def _preset(file: str, name: str, table: object) -> Preset:
    try:
        msgspec.convert(name, Name)
        return msgspec.convert(table, Preset)
    except msgspec.ValidationError as error:
        where, what = explain_validation_error(error, table, Preset)
        place = f"preset {name!r}, {where}" if where else f"preset {name!r}"
        raise ConfigurationError(f"PRESETS_FILE {file}, {place}: {what}") from error
