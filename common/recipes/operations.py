"""Lists what can be done to an image, one struct an operation; docstrings are the descriptions in the JSON Schema.

The terms are those of sharp and CSS. Lengths are pixels, or a percentage of the image where they may be a string;
angles are degrees, clockwise. What a struct cannot say by bounds alone it checks when it is made. What an operation
does to pixels, and the registry of that, is in `services.worker.operations`.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from common.recipes import filters, geometry
from common.recipes.watermark import Watermark

# Every operation there is, in the order of the manual; each struct is imported from the module that defines it.
Operation = (
    geometry.Resize
    | geometry.Crop
    | geometry.Extend
    | geometry.Trim
    | geometry.Rotate
    | geometry.Flip
    | geometry.Flop
    | Watermark
    | filters.Blur
    | filters.Sharpen
    | filters.Pixelate
    | filters.Grayscale
    | filters.Adjust
    | geometry.Round
    | filters.Flatten
)


def files_named(operations: Iterable[Operation]) -> Iterator[tuple[Literal["image", "font"], str]]:
    """Yield the operator's files that the operations name: the parameter, and the file's name."""
    for operation in operations:
        if isinstance(operation, Watermark):
            if operation.image is not None:
                yield "image", operation.image
            if operation.font is not None:
                yield "font", operation.font
