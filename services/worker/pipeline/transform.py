"""Applies an output's operations to a decoded image, and says at what scale it must be decoded."""

from collections.abc import Callable
from typing import NamedTuple

from PIL import Image

from common.recipes.geometry import Resize
from common.recipes.operations import Operation
from common.recipes.recipe import Output, Recipe
from services.worker.decoding.source_image import DecodedFrame
from services.worker.imaging.geometry import Size, map_box
from services.worker.imaging.resize_plan import plan_resize
from services.worker.operations import Operations
from services.worker.operations.resize import resize_box


class TransformedImage(NamedTuple):
    """Holds the finished image, and its operations, with numbers for what its content decided."""

    image: Image.Image
    operations: tuple[Operation, ...]


def largest_scale(recipe: Recipe, size: Size) -> float:
    """Return the scale, up to 1, that serves every output; 1 as soon as one does not begin with a resize."""
    scales = (
        plan_resize(size, first).scale if isinstance(first := _first(output), Resize) else 1.0
        for output in recipe.outputs
    )
    return min(1.0, max(scales))


def transform_frame(
    operations: tuple[Operation, ...], decoded: DecodedFrame, available: Operations, check: Callable[[], None]
) -> TransformedImage:
    """Return the image after all operations; a leading resize is planned for the full size, not the decoded one."""
    image, applied = decoded.image, []
    for number, operation in enumerate(operations):
        resolved = available.resolve(operation, image)
        if number == 0 and isinstance(resolved, Resize):
            image = _resize_decoded(decoded, resolved)
        else:
            image = available.apply(resolved, image)
        applied.append(resolved)
        check()
    return TransformedImage(image, tuple(applied))


def _first(output: Output) -> object:
    return output.operations[0] if output.operations else None


def _resize_decoded(decoded: DecodedFrame, parameters: Resize) -> Image.Image:
    plan = plan_resize(decoded.size, parameters)
    box = map_box(decoded.frame, decoded.size, plan.box, decoded.image.size)
    return resize_box(decoded.image, plan, box, parameters)
