"""Draws the image of the manual's examples and of `make demo`, and what each operation makes of it."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
from PIL import Image, ImageDraw, ImageFilter

from common.recipes.recipe import Recipe
from scripts.generate.artifacts import ROOT
from scripts.generate.recipes import BEFORE, IMAGES, examples
from services.worker.pipeline_setup import build_pipeline
from services.worker.settings import WorkerSettings

_DRAWN: Final = {BEFORE: 1, ROOT / "docs/images/demo.jpg": 4}  # by how much it is larger than 480 x 320


def draw() -> None:
    """Write the image of every example, as the worker makes it; what it is made of is drawn only when it is missing."""
    IMAGES.mkdir(exist_ok=True)
    for path, scale in _DRAWN.items():
        if not path.exists():
            _draw_lake(scale).save(path, quality=88)
    with TemporaryDirectory() as folder:
        _draw_logo().save(Path(folder) / "logo.png")
        pipeline = build_pipeline(WorkerSettings(watermarks_folder=folder))
        for example in examples():
            output = {"name": "it", "format": "webp", "quality": 80, "operations": [example.operation]}
            recipe = msgspec.convert({"outputs": [output]}, Recipe)
            (made,) = pipeline(BEFORE, recipe, lambda: False).outputs
            example.path.write_bytes(made.data)


def missing() -> list[Path]:
    """Return the images that the manual shows and the repository does not have."""
    return [path for path in (*_DRAWN, *(example.path for example in examples())) if not path.is_file()]


def _draw_lake(scale: int) -> Image.Image:
    """Return a lake at evening of 480 x 320 times `scale`: flat areas, detail, warm colors in one place, and edges."""
    width, height = 480 * scale, 320 * scale
    sky = Image.linear_gradient("L").resize((width, height))
    colors = (
        sky.point(lambda v: 40 + int(v * 0.85)),
        sky.point(lambda v: 70 + int(v * 0.45)),
        sky.point(lambda v: 150 - int(v * 0.25)),
    )
    image = Image.merge("RGB", colors)
    _draw_shore(ImageDraw.Draw(image), scale)
    image = image.filter(ImageFilter.GaussianBlur(0.6 * scale))
    _draw_boat(ImageDraw.Draw(image), scale)
    return image


def _draw_shore(pen: ImageDraw.ImageDraw, scale: int) -> None:
    mountains = [(0, 190), (90, 110), (170, 180), (250, 90), (360, 185), (480, 120), (480, 220), (0, 220)]
    pen.polygon(_scaled(mountains, scale), "#2d3b55")
    pen.rectangle(_scaled([(0, 215), (480, 320)], scale), "#31587a")
    for number in range(24):
        top, left = 222 + number * 4, (number * 97) % 380
        pen.line(_scaled([(left, top), (left + 60 + number * 2, top)], scale), "#5d86a3", scale)


def _draw_boat(pen: ImageDraw.ImageDraw, scale: int) -> None:
    pen.ellipse(_scaled([(318, 52), (372, 106)], scale), "#ffd98a")
    pen.polygon(_scaled([(330, 262), (430, 262), (412, 284), (346, 284)], scale), "#7a2f22")
    pen.polygon(_scaled([(378, 150), (378, 256), (428, 256)], scale), "#f4ede0")
    pen.polygon(_scaled([(372, 165), (372, 256), (338, 256)], scale), "#e6604a")
    pen.line(_scaled([(375, 140), (375, 262)], scale), "#3a2a22", 3 * scale)


def _scaled(points: Iterable[tuple[int, int]], scale: int) -> list[tuple[int, int]]:
    return [(x * scale, y * scale) for x, y in points]


def _draw_logo() -> Image.Image:
    logo = Image.new("RGBA", (300, 100))
    pen = ImageDraw.Draw(logo)
    pen.rounded_rectangle((2, 2, 298, 98), 24, fill="#1c1c1c", outline="white", width=4)
    pen.ellipse((20, 20, 80, 80), outline="white", width=8)
    pen.text((100, 26), "Darkroom", fill="white", font_size=44)
    return logo
