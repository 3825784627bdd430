"""Draws the image of the manual's examples, and what each operation makes of it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from PIL import Image, ImageDraw, ImageFilter

from common.recipes.recipe import Recipe
from scripts.generate.operations import BEFORE, IMAGES, examples
from services.worker.app import build_pipeline
from services.worker.settings import WorkerSettings


def draw() -> None:
    """Write the image of every example, as the worker makes it; the image before is drawn only when it is missing."""
    IMAGES.mkdir(exist_ok=True)
    if not BEFORE.exists():
        _draw_before().save(BEFORE, quality=88)
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
    return [path for path in (BEFORE, *(example.path for example in examples())) if not path.is_file()]


def _draw_before() -> Image.Image:
    """A lake at evening: flat ground, detail, skin-warm colors in one place, and an edge to see turns and cuts by."""
    width, height = 480, 320
    sky = Image.linear_gradient("L").resize((width, height))
    image = Image.merge(
        "RGB",
        (
            sky.point(lambda v: 40 + int(v * 0.85)),
            sky.point(lambda v: 70 + int(v * 0.45)),
            sky.point(lambda v: 150 - int(v * 0.25)),
        ),
    )
    pen = ImageDraw.Draw(image)
    pen.polygon(
        [(0, 190), (90, 110), (170, 180), (250, 90), (360, 185), (480, 120), (480, 220), (0, 220)], "#2d3b55"
    )
    pen.rectangle((0, 215, width, height), "#31587a")
    for number in range(24):
        top, left = 222 + number * 4, (number * 97) % 380
        pen.line((left, top, left + 60 + number * 2, top), "#5d86a3", 1)
    image = image.filter(ImageFilter.GaussianBlur(0.6))
    pen = ImageDraw.Draw(image)
    pen.ellipse((318, 52, 372, 106), "#ffd98a")
    pen.polygon([(330, 262), (430, 262), (412, 284), (346, 284)], "#7a2f22")
    pen.polygon([(378, 150), (378, 256), (428, 256)], "#f4ede0")
    pen.polygon([(372, 165), (372, 256), (338, 256)], "#e6604a")
    pen.line((375, 140, 375, 262), "#3a2a22", 3)
    return image


def _draw_logo() -> Image.Image:
    logo = Image.new("RGBA", (300, 100))
    pen = ImageDraw.Draw(logo)
    pen.rounded_rectangle((2, 2, 298, 98), 24, fill="#1c1c1c", outline="white", width=4)
    pen.ellipse((20, 20, 80, 80), outline="white", width=8)
    pen.text((100, 26), "Darkroom", fill="white", font_size=44)
    return logo
