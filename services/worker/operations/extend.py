"""Adds a border around a picture."""

from PIL import Image

from common.operations import Extend
from services.worker.geometry import Size, bounded
from services.worker.paint import canvas, laid


def extend(image: Image.Image, parameters: Extend) -> Image.Image:
    """The picture on a larger ground. Raises InvalidRecipeError where that would be too large."""
    size = extend_size(image.size, parameters)
    if size == image.size:
        return image
    ground = canvas(size, image.mode, parameters.background)
    return laid(image, ground, (parameters.left, parameters.top))


def extend_size(size: Size, parameters: Extend) -> Size:
    """The size of the result."""
    width = size[0] + parameters.left + parameters.right
    height = size[1] + parameters.top + parameters.bottom
    return bounded((width, height), size)
