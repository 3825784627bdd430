"""From an untrusted picture and a recipe to finished files: decoded once, then one output after the other."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from common.errors import TimedOutError
from common.model.reports import ImageReport, SourceReport
from common.recipes.recipe import Recipe
from services.worker.analysis import analyze_image
from services.worker.analysis.sample import sample_scale
from services.worker.decoding.assets import Assets
from services.worker.decoding.image_header import DecodeLimits
from services.worker.decoding.source_image import SourceImage, open_source
from services.worker.operations import Operations
from services.worker.pipeline.output_renderer import OutputFile, OutputRenderer
from services.worker.pipeline.shared_outputs import render_each_once
from services.worker.pipeline.transform import largest_scale


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineResult:
    """All that was made of one picture; `source` says what was uploaded, `picture` what it shows."""

    outputs: tuple[OutputFile, ...]
    source: SourceReport | None = None
    picture: ImageReport | None = None


def develop(
    source: Path, recipe: Recipe, *, limits: DecodeLimits, assets: Assets, cancelled: Callable[[], bool]
) -> PipelineResult:
    """Make everything the recipe asks for of the picture in `source`.

    Synchronous, and safe in several threads at once; `cancelled` is asked between the steps. Raises PictureError if the
    picture is at fault (TimedOutError once cancelled) and SurroundingsError if its file cannot be read; nothing else.
    """

    def check() -> None:
        if cancelled():
            raise TimedOutError("developing the picture took longer than a job may take")

    with open_source(source, limits) as header:
        check()
        keep_profile = any("icc" in output.keep for output in recipe.outputs)
        scale = max(largest_scale(recipe, header.size), sample_scale(header.size))
        original = SourceImage(header, scale=scale, check=check, keep_profile=keep_profile)
        renderer = OutputRenderer(original, Operations(assets), limits, check)
        outputs = tuple(render_each_once(recipe, header.size, renderer.make))
        first = original.first
        picture = analyze_image(first.image, first.frame, original.source, animated=header.moves)
    return PipelineResult(outputs=outputs, source=original.source, picture=picture)
