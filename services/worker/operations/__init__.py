"""What can be done to a picture: one pure function a file, and the table that knows which recipe's word means which.

An operation takes a picture in RGB or RGBA and its parameters, and returns a picture in RGB or RGBA; it never
changes the one it was given. To add one: its struct in common.recipes, its file here, its line in the table.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from PIL import Image

from common.recipes import Operation, Resize, Watermark
from services.worker.fonts import Font
from services.worker.operations.resize import resize
from services.worker.operations.watermark import watermark

Table = Mapping[type[Operation], Callable[[Image.Image, Any], Image.Image]]


def table(font: Font) -> Table:
    """The operations by the struct that asks for them, ready to be called with a picture and that struct."""
    return {
        Resize: resize,
        Watermark: partial(watermark, font=font),
    }
