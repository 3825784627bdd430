"""Develops an untrusted image by a recipe into finished files: decodes once, then renders output after output."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from common.inspection.limits import ImageLimits
from common.model.reports import ImageReport, SourceReport
from common.recipes.recipe import Recipe
from services.worker.analysis import analyze_image
from services.worker.analysis.sample import sample_scale
from services.worker.decoding.assets import Assets
from services.worker.operations import Operations
from services.worker.pipeline.output_renderer import OutputFile, OutputRenderer
from services.worker.pipeline.shared_outputs import render_each_once
from services.worker.pipeline.source_decoder import InProcessDecoder, SourceDecoder, check_of
from services.worker.pipeline.transform import largest_scale
from services.worker.sandbox.lease import DecoderDiedError


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineResult:
    """Holds all that was made of one image; `source` says what was uploaded, `image` what it shows."""

    outputs: tuple[OutputFile, ...]
    source: SourceReport | None = None
    image: ImageReport | None = None


def develop(
    source: Path,
    recipe: Recipe,
    *,
    limits: ImageLimits,
    assets: Assets,
    cancelled: Callable[[], bool],
    decoder: SourceDecoder | None = None,
) -> PipelineResult:
    """Make everything the recipe asks for of the image in `source`, which `decoder` decodes (by default: here).

    Synchronous, and safe in several threads at once; `cancelled` is asked between the steps. Raises ImageError if the
    image is at fault (TimedOutError once cancelled) and TransientError if its file cannot be read or the decoder was
    killed; nothing else.
    """
    check = check_of(cancelled)

    def attempt() -> PipelineResult:
        with (decoder or InProcessDecoder(limits)).open(source, cancelled) as opened:
            check()
            keep_profile = any("icc" in output.keep for output in recipe.outputs)
            scale = max(largest_scale(recipe, opened.size), sample_scale(opened.size))
            original = opened.decode(scale=scale, keep_profile=keep_profile)
            renderer = OutputRenderer(original, Operations(assets), limits, check)
            outputs = tuple(render_each_once(recipe, opened.size, renderer.render))
            first = original.first_frame()
            report = analyze_image(first.image, first.frame, original.source, animated=opened.is_animated)
        return PipelineResult(outputs=outputs, source=original.source, image=report)

    try:
        return attempt()
    except DecoderDiedError:
        pass  # it may have been an image before this one, or the machine: once more, in a fresh process
    try:
        return attempt()
    except DecoderDiedError as error:
        raise error.final_error from error
