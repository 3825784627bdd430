"""Develops a file in memory with the real pipeline, as a test wants it."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile

from PIL import Image

from common.inspection.limits import ImageLimits
from common.recipes.operations import Operation
from common.recipes.recipe import Output, Recipe
from services.worker.decoding.assets import Assets
from services.worker.decoding.image_header import configure_pillow
from services.worker.pipeline.output_renderer import OutputFile
from services.worker.pipeline.pipeline import PipelineResult, develop

BOX = 320  # pixels: half of the scene's width


def developed(
    data: bytes,
    recipe: Recipe,
    *,
    limits: ImageLimits | None = None,
    assets: Assets | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> PipelineResult:
    """What the recipe makes of a file with these bytes."""
    configure_pillow(limits or ImageLimits())  # pytest gives every test filters of its own
    with NamedTemporaryFile(suffix=".original") as file:
        file.write(data)
        file.flush()
        return develop(
            Path(file.name),
            recipe,
            limits=limits or ImageLimits(),
            assets=assets or Assets(),
            cancelled=cancelled,
        )


def recipe_of(*operations: Operation, **options: object) -> Recipe:
    """A recipe of one lossless output, or of another `format` and `quality`."""
    return Recipe(outputs=(Output(**{"name": "it", "format": "png", "operations": operations, **options}),))  # type: ignore[arg-type]


def opened(rendered: OutputFile) -> Image.Image:
    """An output as whoever downloads it sees it."""
    image = Image.open(BytesIO(rendered.data))
    image.load()
    return image


def on_white(image: Image.Image) -> Image.Image:
    """The image as a white page shows it."""
    ground = Image.new("RGBA", image.size, "white")
    ground.alpha_composite(image.convert("RGBA"))
    return ground.convert("RGB")
