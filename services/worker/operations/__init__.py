"""What can be done to a picture: one pure function a file, and the table that knows which recipe's word means which.

An operation takes a picture in RGB or RGBA and its parameters, and returns a picture in RGB or RGBA; it never
changes the one it was given. To add one: its struct in common.recipes.operations, its file here, its line in the
table below.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from PIL import Image

from common.recipes import operations as ask
from common.recipes.operations import Operation
from services.worker.decoding.assets import Assets
from services.worker.imaging.geometry import Size
from services.worker.operations.adjust import adjust
from services.worker.operations.blur import blur
from services.worker.operations.crop import crop, crop_size
from services.worker.operations.extend import extend, extend_size
from services.worker.operations.flatten import flatten
from services.worker.operations.flip import flip
from services.worker.operations.flop import flop
from services.worker.operations.grayscale import grayscale
from services.worker.operations.pixelate import pixelate
from services.worker.operations.resize import resize, resize_size
from services.worker.operations.rotate import rotate, rotate_size
from services.worker.operations.round import round_corners, round_size
from services.worker.operations.sharpen import sharpen
from services.worker.operations.trim import trim
from services.worker.operations.watermark import watermark

Table = Mapping[type[Operation], Callable[[Image.Image, Any], Image.Image]]


def _same(size: Size, _parameters: Operation) -> Size:
    return size


class _Entry(NamedTuple):
    """The function; what becomes of a size, None if the content decides; whether it takes the operator's files."""

    function: Callable[..., Image.Image]
    size: Callable[[Size, Any], Size] | None = _same
    takes_assets: bool = False


_ENTRIES: Final[Mapping[type[Operation], _Entry]] = {
    ask.Resize: _Entry(resize, resize_size),
    ask.Crop: _Entry(crop, crop_size),
    ask.Extend: _Entry(extend, extend_size),
    ask.Trim: _Entry(trim, size=None),
    ask.Rotate: _Entry(rotate, rotate_size),
    ask.Flip: _Entry(flip),
    ask.Flop: _Entry(flop),
    ask.Watermark: _Entry(watermark, takes_assets=True),
    ask.Blur: _Entry(blur),
    ask.Sharpen: _Entry(sharpen),
    ask.Pixelate: _Entry(pixelate),
    ask.Grayscale: _Entry(grayscale),
    ask.Adjust: _Entry(adjust),
    ask.Round: _Entry(round_corners, round_size),
    ask.Flatten: _Entry(flatten),
}


def table(assets: Assets) -> Table:
    """The operations by the struct that asks for them, ready to be called with a picture and that struct."""
    return {
        kind: partial(entry.function, assets=assets) if entry.takes_assets else entry.function
        for kind, entry in _ENTRIES.items()
    }


def size_after(size: Size, operations: Iterable[Operation]) -> Size | None:
    """The size that the operations give a picture of this one; None where its content decides, as with a trim.

    Raises InvalidRecipeError where nothing would remain or the picture would grow too large.
    """
    for operation in operations:
        measure = _ENTRIES[type(operation)].size
        if measure is None:
            return None
        size = measure(size, operation)
    return size
