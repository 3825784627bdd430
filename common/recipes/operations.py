"""Lists what can be done to an image, one struct an operation; docstrings are the descriptions in the JSON Schema.

The terms are those of sharp and CSS. Lengths are pixels, or a percentage of the image where they may be a string;
angles are degrees, clockwise. What a struct cannot say by bounds alone it checks when it is made.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from common.recipes.filters import (
    Adjust,
    Blur,
    Flatten,
    Grayscale,
    Pixelate,
    Sharpen,
)
from common.recipes.geometry import (
    Crop,
    Extend,
    Flip,
    Flop,
    Resize,
    Rotate,
    Round,
    Trim,
)
from common.recipes.watermark import Watermark

__all__ = [
    "Adjust",
    "Blur",
    "Crop",
    "Extend",
    "Flatten",
    "Flip",
    "Flop",
    "Grayscale",
    "Operation",
    "Pixelate",
    "Resize",
    "Rotate",
    "Round",
    "Sharpen",
    "Trim",
    "Watermark",
    "files_named",
]

Operation = (
    Resize
    | Crop
    | Extend
    | Trim
    | Rotate
    | Flip
    | Flop
    | Watermark
    | Blur
    | Sharpen
    | Pixelate
    | Grayscale
    | Adjust
    | Round
    | Flatten
)


def files_named(operations: Iterable[Operation]) -> Iterator[tuple[Literal["image", "font"], str]]:
    """Yield the operator's files that the operations name: the parameter, and the file's name."""
    for operation in operations:
        if isinstance(operation, Watermark):
            if operation.image is not None:
                yield "image", operation.image
            if operation.font is not None:
                yield "font", operation.font
