"""Presets: named recipes in a TOML file that the operator edits; those built in are such a file as well."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from common.errors import ConfigurationError
from common.recipes.recipe import Name, Recipe
from common.validation_errors import explain_validation_error

DEFAULT: Final = "default"
DEFAULT_WATERMARK: Final = "SAMPLE WATERMARK"
_BUILT_IN: Final = "presets.toml"
_PLACEHOLDER: Final = "{watermark_text}"


class Preset(Recipe, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A recipe with a sentence about it. In the file it is a table, and its name the table's."""

    description: Annotated[str, Meta(max_length=500)] = ""

    def recipe(self) -> Recipe:
        """Return the recipe alone, as it travels in a manifest."""
        return Recipe(outputs=self.outputs)


Presets = Mapping[str, Preset]


def load_presets(path: Path | None = None, *, watermark_text: str = DEFAULT_WATERMARK) -> Presets:
    """Read the presets in the file, or the built-in ones without one.

    `watermark_text` takes the place of `{watermark_text}` in the texts of watermarks; a watermark whose text is blank
    then is left out. Raises ConfigurationError, naming the preset, the field and what is allowed, and for a file
    without a preset `default`.
    """
    name, text = (_BUILT_IN, _read_built_in()) if path is None else (path.name, _read(path))
    presets = _parse(name, text, watermark_text)
    if DEFAULT not in presets:
        raise ConfigurationError(
            f"PRESETS_FILE {name} has no preset {DEFAULT!r}, which an upload gets that names none"
        )
    return presets


def _read_built_in() -> str:
    return resources.files("common.presets").joinpath(_BUILT_IN).read_text(encoding="utf-8")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"PRESETS_FILE {path.name} cannot be read: {reason}") from error


def _parse(file: str, text: str, watermark_text: str) -> dict[str, Preset]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"PRESETS_FILE {file} is not TOML: {error}") from error
    return {name: _convert(file, name, _fill(table, watermark_text)) for name, table in document.items()}


def _fill(value: Any, watermark_text: str) -> Any:
    """Put the text in the place of its placeholder, in every watermark beneath `value`."""
    if isinstance(value, dict):
        return {name: _fill(inner, watermark_text) for name, inner in value.items()}
    if isinstance(value, list):
        filled = [_fill(inner, watermark_text) for inner in value]
        return [new for old, new in zip(value, filled, strict=True) if not _became_blank(old, new)]
    return value.replace(_PLACEHOLDER, watermark_text) if isinstance(value, str) else value


def _became_blank(before: Any, after: Any) -> bool:
    """Return whether this is a watermark that had a text before the placeholder was replaced."""
    if not isinstance(before, dict) or before.get("op") != "watermark" or before == after:
        return False
    text = after.get("text")
    return isinstance(text, str) and not text.strip()


def _convert(file: str, name: str, table: object) -> Preset:
    try:
        msgspec.convert(name, Name)
        return msgspec.convert(table, Preset)
    except msgspec.ValidationError as error:
        where, what = explain_validation_error(error, table, Preset)
        place = f"preset {name!r}, {where}" if where else f"preset {name!r}"
        raise ConfigurationError(f"PRESETS_FILE {file}, {place}: {what}") from error
