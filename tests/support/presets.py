"""The default preset as tests use it: the built-in one, or a file with outputs of another size and format."""

import json
from pathlib import Path

from common.presets.presets import DEFAULT, load_presets
from common.recipes.recipe import Recipe


def default_recipe() -> Recipe:
    """Return the recipe that an upload gets which asks for nothing."""
    return load_presets()[DEFAULT].recipe()


def write_presets(folder: Path, *, large_pixels: int, large_format: str, thumbnail_pixels: int = 200) -> str:
    """Write a PRESETS_FILE whose `default` has a watermarked `large` and a `thumbnail`; return its path."""
    operations: dict[str, list[dict[str, object]]] = {
        "large": [{"op": "resize", "width": large_pixels}, {"op": "watermark", "text": "SAMPLE WATERMARK"}],
        "thumbnail": [
            {"op": "resize", "width": thumbnail_pixels, "height": thumbnail_pixels, "fit": "cover"}
        ],
    }
    lines = []
    for name, output_format in (("large", large_format), ("thumbnail", "webp")):
        tables = ", ".join(_inline_table(operation) for operation in operations[name])
        lines += [
            "[[default.outputs]]",
            f'name = "{name}"',
            f'format = "{output_format}"',
            "animated = false",
        ]
        lines.append(f"operations = [{tables}]")
    path = folder / "presets.toml"
    path.write_text("\n".join(lines))
    return str(path)


def _inline_table(operation: dict[str, object]) -> str:
    """Return an operation as TOML; strings and numbers are written as in JSON."""
    return "{ " + ", ".join(f"{name} = {json.dumps(value)}" for name, value in operation.items()) + " }"
