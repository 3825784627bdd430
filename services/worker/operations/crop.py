"""Cuts out a part of an image."""

from PIL import Image

from common.errors import InvalidRecipeError
from common.recipes.geometry import Crop
from services.worker.imaging.geometry import to_pixels


def crop(image: Image.Image, parameters: Crop) -> Image.Image:
    """Return the part, as far as the image reaches. Raises InvalidRecipeError where all of it lies beyond."""
    left, right = _edges(parameters.left, parameters.width, image.width)
    top, bottom = _edges(parameters.top, parameters.height, image.height)
    if left >= image.width or top >= image.height:
        raise InvalidRecipeError(
            f"a crop from {parameters.left}, {parameters.top} leaves nothing of {image.width} x {image.height} pixels"
        )
    return image.crop((left, top, right, bottom))


def _edges(start: int | str, length: int | str | None, side: int) -> tuple[int, int]:
    """Return first and last edge along one side, at least one pixel apart."""
    exact = to_pixels(start, side)
    end = side if length is None else round(exact + to_pixels(length, side))
    first = round(exact)
    return (first, min(side, max(end, first + 1)))
