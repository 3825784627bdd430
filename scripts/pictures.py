"""`make pictures`: the README's table of operations, each parameter of the structs, with a picture before and after.

The picture is docs/images/operations/before.jpg; it is drawn here when it is missing.
"""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, get_args

import msgspec
from PIL import Image, ImageDraw, ImageFilter

from common.recipes.operations import Operation
from common.recipes.recipe import Recipe
from services.worker.app import build_pipeline
from services.worker.settings import WorkerSettings

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "docs/images/operations"
BEFORE: Final = FOLDER / "before.jpg"
_BEGIN, _END = "<!-- operations: made by make pictures -->\n", "<!-- end of operations -->"

EXAMPLES: Final[tuple[dict[str, Any], ...]] = (
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


def main() -> None:
    """Make the pictures, and the table in the README."""
    FOLDER.mkdir(exist_ok=True)
    if not BEFORE.exists():
        _drawn().save(BEFORE, quality=88)
    with TemporaryDirectory() as folder:
        _logo().save(Path(folder) / "logo.png")
        pipeline = build_pipeline(WorkerSettings(watermarks_folder=folder))
        for number, example in enumerate(EXAMPLES):
            output = {"name": "it", "format": "webp", "quality": 80, "operations": [example]}
            recipe = msgspec.convert({"outputs": [output]}, Recipe)
            (made,) = pipeline(BEFORE, recipe, lambda: False).outputs
            picture_of(number).write_bytes(made.data)
    readme = ROOT / "README.md"
    head, _, rest = readme.read_text().partition(_BEGIN)
    readme.write_text(head + _BEGIN + table() + _END + rest.partition(_END)[2])


def picture_of(number: int) -> Path:
    """Where the picture of an example is."""
    return FOLDER / f"{number:02}-{EXAMPLES[number]['op']}.webp"


def table() -> str:
    """The table in Markdown."""
    head = f"| operation and parameters | example | before | after |\n|---|---|---|---|\n"  # noqa: F541
    before = '<img src="docs/images/operations/before.jpg" width="160" alt="before">'
    lines, seen = [], set()
    for number, example in enumerate(EXAMPLES):
        tag = example["op"]
        what = f"`{tag}`, as above" if tag in seen else _described(tag)
        seen.add(tag)
        path = picture_of(number).relative_to(ROOT).as_posix()
        after = f'<img src="{path}" width="160" alt="{tag}">'
        lines.append(f"| {what} | `{json.dumps(example)}` | {before} | {after} |\n")
    return head + "".join(lines)


def _described(tag: str) -> str:
    (struct,) = (each for each in get_args(Operation) if each.__struct_config__.tag == tag)
    fields = [_field(field) for field in msgspec.structs.fields(struct)]
    sentence = re.sub(r"\s+", " ", struct.__doc__ or "").split(". ")[0].rstrip(".")
    return f"**`{tag}`** {sentence}." + (f"<br>{', '.join(fields)}" if fields else "")


def _field(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return f"`{field.name}` (required)"
    return f"`{field.name}`" if field.default is None else f"`{field.name}` ({json.dumps(field.default)})"


def _drawn() -> Image.Image:
    """A lake at evening: flat ground, detail, skin-warm colors in one place, and an edge to see turns and cuts by."""
    width, height = 480, 320
    sky = Image.linear_gradient("L").resize((width, height))
    picture = Image.merge(
        "RGB",
        (
            sky.point(lambda v: 40 + int(v * 0.85)),
            sky.point(lambda v: 70 + int(v * 0.45)),
            sky.point(lambda v: 150 - int(v * 0.25)),
        ),
    )
    pen = ImageDraw.Draw(picture)
    pen.polygon(
        [(0, 190), (90, 110), (170, 180), (250, 90), (360, 185), (480, 120), (480, 220), (0, 220)], "#2d3b55"
    )
    pen.rectangle((0, 215, width, height), "#31587a")
    for number in range(24):
        top, left = 222 + number * 4, (number * 97) % 380
        pen.line((left, top, left + 60 + number * 2, top), "#5d86a3", 1)
    picture = picture.filter(ImageFilter.GaussianBlur(0.6))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((318, 52, 372, 106), "#ffd98a")
    pen.polygon([(330, 262), (430, 262), (412, 284), (346, 284)], "#7a2f22")
    pen.polygon([(378, 150), (378, 256), (428, 256)], "#f4ede0")
    pen.polygon([(372, 165), (372, 256), (338, 256)], "#e6604a")
    pen.line((375, 140, 375, 262), "#3a2a22", 3)
    return picture


def _logo() -> Image.Image:
    logo = Image.new("RGBA", (300, 100))
    pen = ImageDraw.Draw(logo)
    pen.rounded_rectangle((2, 2, 298, 98), 24, fill="#1c1c1c", outline="white", width=4)
    pen.ellipse((20, 20, 80, 80), outline="white", width=8)
    pen.text((100, 26), "Darkroom", fill="white", font_size=44)
    return logo


if __name__ == "__main__":
    main()
