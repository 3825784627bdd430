"""Cuts out a part of a picture."""

from PIL import Image

from common.errors import InvalidRecipeError
from common.recipes.operations import Crop
from services.worker.imaging.geometry import Size, in_pixels


def crop(image: Image.Image, parameters: Crop) -> Image.Image:
    """The part, as far as there is a picture. Raises InvalidRecipeError where it lies beyond."""
    return image.crop(_box_of(image.size, parameters))


def crop_size(size: Size, parameters: Crop) -> Size:
    """The size of the result."""
    left, top, right, bottom = _box_of(size, parameters)
    return (right - left, bottom - top)


def _box_of(size: Size, parameters: Crop) -> tuple[int, int, int, int]:
    left, right = _span(parameters.left, parameters.width, size[0])
    top, bottom = _span(parameters.top, parameters.height, size[1])
    if left >= size[0] or top >= size[1]:
        raise InvalidRecipeError(
            f"a crop from {parameters.left}, {parameters.top} leaves nothing of {size[0]} x {size[1]} pixels"
        )
    return (left, top, right, bottom)


def _span(start: int | str, length: int | str | None, whole: int) -> tuple[int, int]:
    """First and last edge along one side, at least one pixel apart."""
    begin = in_pixels(start, whole)
    end = whole if length is None else round(begin + in_pixels(length, whole))
    first = round(begin)
    return (first, min(whole, max(end, first + 1)))
