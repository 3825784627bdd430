"""Does an output's operations to a decoded picture, and knows how large that must be."""

from collections.abc import Callable
from typing import NamedTuple

from PIL import Image

from common.operations import Operation, Resize
from common.recipes import Output, Recipe
from services.worker.fitting import fitted
from services.worker.geometry import Size, within
from services.worker.images import Decoded
from services.worker.operations import Table
from services.worker.operations.resize import fitted_image
from services.worker.settling import settled, settled_resize


class Operated(NamedTuple):
    """The finished picture, and the operations that gave it, with numbers for what its content decided."""

    image: Image.Image
    operations: tuple[Operation, ...]


def largest_scale(recipe: Recipe, size: Size) -> float:
    """The share of the picture's size that serves every output; 1 as soon as one does not begin with a resize."""
    scales = (
        fitted(size, first).scale if isinstance(first := _first(output), Resize) else 1.0
        for output in recipe.outputs
    )
    return min(1.0, max(scales))


def operated(
    operations: tuple[Operation, ...], decoded: Decoded, table: Table, check: Callable[[], None]
) -> Operated:
    """The picture after all operations. A resize that comes first is told the full size, not the decoded one's."""
    image, done = decoded.image, []
    for number, operation in enumerate(operations):
        if number == 0 and isinstance(operation, Resize):
            fixed: Operation = settled_resize(operation, image)
            image = _resized(decoded, fixed)  # type: ignore[arg-type]  # a resize stays one
        else:
            fixed = settled(operation, image)
            image = table[type(fixed)](image, fixed)
        done.append(fixed)
        check()
    return Operated(image, tuple(done))


def _first(output: Output) -> object:
    return output.operations[0] if output.operations else None


def _resized(decoded: Decoded, parameters: Resize) -> Image.Image:
    fit = fitted(decoded.size, parameters)
    box = within(decoded.frame, decoded.size, fit.box, decoded.image.size)
    return fitted_image(decoded.image, fit, box, parameters)
