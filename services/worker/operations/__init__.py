"""Implements the operations, one a file, and registers which struct of a recipe each belongs to.

An operation takes an image in RGB or RGBA and its parameters, and returns an image in RGB or RGBA; it never changes the
one it was given. To add one: its struct in common.recipes and a line in the
union there, its file here, its line in the registry below.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from PIL import Image

from common.recipes import filters, geometry
from common.recipes.operations import Operation
from common.recipes.watermark import Watermark
from services.worker.decoding.assets import Assets
from services.worker.operations.adjust import adjust
from services.worker.operations.blur import blur
from services.worker.operations.crop import crop
from services.worker.operations.extend import extend
from services.worker.operations.flatten import flatten
from services.worker.operations.flip import flip
from services.worker.operations.flop import flop
from services.worker.operations.grayscale import grayscale
from services.worker.operations.pixelate import pixelate
from services.worker.operations.resize import resize, resolve_position
from services.worker.operations.rotate import rotate
from services.worker.operations.round import round_corners
from services.worker.operations.sharpen import sharpen
from services.worker.operations.trim import find_trim_box
from services.worker.operations.watermark import warn_of_missing_letters, watermark


class _Entry(NamedTuple):
    """Says how an operation is done: `function` does it; `takes_assets` if it reads the operator's files.

    `resolve` puts numbers in the place of what the image decides, and `function` is given its result. `warn` says what
    cannot be done as asked, and takes the operator's files, too.
    """

    function: Callable[..., Image.Image]
    resolve: Callable[[Any, Image.Image], Operation] | None = None
    takes_assets: bool = False
    warn: Callable[..., str | None] | None = None


_REGISTRY: Final[Mapping[type[Operation], _Entry]] = {
    geometry.Resize: _Entry(resize, resolve=resolve_position),
    geometry.Crop: _Entry(crop),
    geometry.Extend: _Entry(extend),
    geometry.Trim: _Entry(crop, resolve=find_trim_box),
    geometry.Rotate: _Entry(rotate),
    geometry.Flip: _Entry(flip),
    geometry.Flop: _Entry(flop),
    Watermark: _Entry(watermark, takes_assets=True, warn=warn_of_missing_letters),
    filters.Blur: _Entry(blur),
    filters.Sharpen: _Entry(sharpen),
    filters.Pixelate: _Entry(pixelate),
    filters.Grayscale: _Entry(grayscale),
    filters.Adjust: _Entry(adjust),
    geometry.Round: _Entry(round_corners),
    filters.Flatten: _Entry(flatten),
}


class Operations:
    """Applies operations with an operator's fonts and watermark images."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets
        self._functions = {
            operation: partial(entry.function, assets=assets) if entry.takes_assets else entry.function
            for operation, entry in _REGISTRY.items()
        }

    def resolve(self, operation: Operation, image: Image.Image) -> Operation:
        """Return the operation with numbers for what the image decides: a trim becomes a crop, a smart position two
        percentages, and any other stays as it is. So all frames of an animation are treated alike.

        `image` is the one the operation would be given, for a resize at any scale.
        """
        resolve = _REGISTRY[type(operation)].resolve
        return operation if resolve is None else resolve(operation, image)

    def apply(self, operation: Operation, image: Image.Image) -> Image.Image:
        """Return the image after a resolved operation. Raises InvalidRecipeError where it cannot be done."""
        return self._functions[type(operation)](image, operation)

    def warn(self, operations: Iterable[Operation]) -> tuple[str, ...]:
        """Return sentences on what cannot be done as the operations ask for. Raises as `apply`."""
        warnings = (
            _REGISTRY[type(operation)].warn(operation, assets=self._assets)  # type: ignore[misc]
            for operation in operations
            if _REGISTRY[type(operation)].warn
        )
        return tuple(dict.fromkeys(warning for warning in warnings if warning))
