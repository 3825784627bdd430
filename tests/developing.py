"""Develops a file in memory with the real pipeline, as a test wants it."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile

from PIL import Image

from common.operations import Operation
from common.recipes import Output, Recipe
from services.worker.assets import Assets
from services.worker.headers import Limits, prepare
from services.worker.outputs import Rendered
from services.worker.pipeline import Developed, develop

BOX = 320  # pixels: half of the scene's width


def developed(
    data: bytes,
    recipe: Recipe,
    *,
    limits: Limits | None = None,
    assets: Assets | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Developed:
    """What the recipe makes of a file with these bytes."""
    prepare(limits or Limits())  # pytest gives every test filters of its own
    with NamedTemporaryFile(suffix=".original") as file:
        file.write(data)
        file.flush()
        return develop(
            Path(file.name),
            recipe,
            limits=limits or Limits(),
            assets=assets or Assets(),
            cancelled=cancelled,
        )


def recipe_of(*operations: Operation, **options: object) -> Recipe:
    """A recipe of one lossless output, or of another `format` and `quality`."""
    return Recipe(outputs=(Output(**{"name": "it", "format": "png", "operations": operations, **options}),))  # type: ignore[arg-type]


def opened(rendered: Rendered) -> Image.Image:
    """An output as whoever downloads it sees it."""
    image = Image.open(BytesIO(rendered.data))
    image.load()
    return image


def on_white(image: Image.Image) -> Image.Image:
    """The picture as a white page shows it."""
    ground = Image.new("RGBA", image.size, "white")
    ground.alpha_composite(image.convert("RGBA"))
    return ground.convert("RGB")
