"""Makes once what several outputs of a recipe come to, as the widths of a srcset do beyond that of a small image."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import msgspec

from common.recipes.geometry import Resize
from common.recipes.recipe import Output, Recipe
from services.worker.imaging.geometry import Size
from services.worker.imaging.resize_plan import plan_resize
from services.worker.pipeline.output_renderer import OutputFile


def render_each_once(
    recipe: Recipe, size: Size, render: Callable[[Output], Iterable[OutputFile]]
) -> Iterator[OutputFile]:
    """Yield the files of all outputs for an image of that size, rendering those that are the same only once.

    An output that is the same as one before it has the files of that one, under its own name: their file names, paths
    and bytes are shared, and took no time.
    """
    rendered: dict[object, tuple[OutputFile, ...]] = {}
    for output in recipe.outputs:
        key = _describe(output, size)
        if key in rendered:
            yield from (_share(file, output.name) for file in rendered[key])
        else:
            rendered[key] = tuple(render(output))
            yield from rendered[key]


def _describe(output: Output, size: Size) -> object:
    """Return what is equal for outputs that come to the same: a first resize counts by its plan, not by its numbers."""
    first, *rest = output.operations or (None,)
    if not isinstance(first, Resize):
        return msgspec.structs.replace(output, name="same")
    plan = plan_resize(size, first)
    alike = msgspec.structs.replace(output, name="same", operations=tuple(rest))
    return alike, plan, first.position, first.background


def _share(file: OutputFile, name: str) -> OutputFile:
    return replace(file, name=name, report=msgspec.structs.replace(file.report, duration_ms=0.0))
