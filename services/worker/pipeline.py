"""From an untrusted picture and a recipe to finished files: decoded once, then one output after the other."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from common.errors import TimedOutError
from common.recipes import Recipe
from common.reports import PictureReport, SourceReport
from services.worker.assets import Assets
from services.worker.headers import Limits
from services.worker.images import Original, opened
from services.worker.operations import table
from services.worker.outputs import Rendered, Workshop
from services.worker.rendering import largest_scale
from services.worker.report import picture_report


@dataclass(frozen=True, slots=True, kw_only=True)
class Developed:
    """All that was made of one picture; `source` says what was uploaded, `picture` what it shows."""

    outputs: tuple[Rendered, ...]
    source: SourceReport | None = None
    picture: PictureReport | None = None


def develop(
    source: Path, recipe: Recipe, *, limits: Limits, assets: Assets, cancelled: Callable[[], bool]
) -> Developed:
    """Make everything the recipe asks for of the picture in `source`.

    Synchronous, and safe in several threads at once; `cancelled` is asked between the steps. Raises PictureError if the
    picture is at fault (TimedOutError once cancelled) and SurroundingsError if its file cannot be read; nothing else.
    """

    def check() -> None:
        if cancelled():
            raise TimedOutError("developing the picture took longer than a job may take")

    with opened(source, limits) as header:
        check()
        own_colours = any("icc" in output.keep for output in recipe.outputs)
        scale = largest_scale(recipe, header.size)
        original = Original(header, scale=scale, check=check, own_colours=own_colours)
        workshop = Workshop(original, table(assets), limits, check)
        outputs = tuple(chain.from_iterable(workshop.make(output) for output in recipe.outputs))
        picture = picture_report(original.first.image, original.source, moves=header.moves)
    return Developed(outputs=outputs, source=original.source, picture=picture)
