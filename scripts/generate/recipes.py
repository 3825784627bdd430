"""Makes the tables of docs/recipes.md: formats from their table, operations from their structs with examples."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from common.formats.manual_table import render_formats_table
from common.recipes.operations import Operation
from scripts.generate.artifacts import ROOT, Artifact, markdown_table, page_with

PAGE: Final = ROOT / "docs/recipes.md"
IMAGES: Final = ROOT / "docs/images/operations"
BEFORE: Final = IMAGES / "before.jpg"

# An operation without an entry is shown with its default parameters; one with required parameters needs an entry.
_EXAMPLES: Final[tuple[dict[str, Any], ...]] = (
    {"op": "resize", "width": 120, "height": 120, "fit": "cover", "position": "attention"},
    {"op": "resize", "width": 160, "height": 160, "fit": "contain", "background": "#dddddd"},
    {"op": "crop", "left": "45%", "top": "20%", "width": "50%", "height": "60%"},
    {"op": "extend", "top": 12, "right": 12, "bottom": 12, "left": 12, "background": "#336699"},
    {"op": "trim", "threshold": 60},
    {"op": "rotate", "angle": 12, "background": "white"},
    {"op": "flip"},
    {"op": "flop"},
    {"op": "watermark", "text": "SAMPLE WATERMARK", "size": 0.7},
    {"op": "watermark", "text": "DRAFT", "tile": True, "angle": -30, "size": 0.2, "opacity": 0.5},
    {"op": "watermark", "image": "logo.png", "scale": 0.3, "opacity": 0.9, "position": "top-left"},
    {"op": "blur", "sigma": 4},
    {"op": "sharpen", "sigma": 1.5, "amount": 2},
    {"op": "pixelate", "size": 10},
    {"op": "grayscale"},
    {"op": "adjust", "brightness": 1.1, "contrast": 1.3, "saturation": 1.6, "gamma": 1.2},
    {"op": "round", "radius": "15%"},
    {"op": "round", "circle": True},
    {"op": "flatten", "background": "white"},
)


@dataclass(frozen=True)
class Example:
    """An operation with parameters, and the file that shows its result."""

    operation: dict[str, Any]
    path: Path

    @property
    def tag(self) -> str:
        """The operation's name in a recipe."""
        name: str = self.operation["op"]
        return name


def recipe_artifacts() -> tuple[Artifact, ...]:
    """Return the page of recipes, with the tables of formats and operations."""
    return (page_with(PAGE, {"formats": render_formats_table(), "operations": _table()}),)


def examples() -> Iterator[Example]:
    """Return an example or more of each operation there is, in the order of the table."""
    listed = {each["op"] for each in _EXAMPLES}
    others = ({"op": tag} for tag in _structs() if tag not in listed)
    shown = Counter[str]()
    for operation in (*_EXAMPLES, *others):
        tag = operation["op"]
        shown[tag] += 1
        suffix = f"-{shown[tag]}" if shown[tag] > 1 else ""
        yield Example(operation, IMAGES / f"{tag}{suffix}.webp")


def _structs() -> dict[str, Any]:
    return {struct.__struct_config__.tag: struct for struct in get_args(Operation)}


def _table() -> str:
    rows, described = [], set[str]()
    for example in examples():
        what = f"`{example.tag}`, as above" if example.tag in described else _describe(example.tag)
        described.add(example.tag)
        images = (_image(BEFORE, "before"), _image(example.path, f"after {example.tag}"))
        rows.append((what, f"`{json.dumps(example.operation)}`", *images))
    return markdown_table(("operation and parameters", "example", "before", "after"), rows)


def _image(path: Path, alt: str) -> str:
    return f'![{alt}]({path.relative_to(PAGE.parent).as_posix()}){{ width="160" }}'


def _describe(tag: str) -> str:
    struct = _structs()[tag]
    fields = [_parameter(field) for field in msgspec.structs.fields(struct)]
    sentence = re.sub(r"\s+", " ", struct.__doc__ or "").split(". ")[0].rstrip(".")
    return f"**`{tag}`** {sentence}." + (f"<br>{', '.join(fields)}" if fields else "")


def _parameter(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return f"`{field.name}` (required)"
    return f"`{field.name}`" if field.default is None else f"`{field.name}` ({json.dumps(field.default)})"
