"""Adds a border around a picture."""

from PIL import Image

from common.recipes.operations import Extend
from services.worker.imaging.canvas import composite, new_canvas
from services.worker.imaging.geometry import Size, clamp_box


def extend(image: Image.Image, parameters: Extend) -> Image.Image:
    """The picture on a larger ground. Raises InvalidRecipeError where that would be too large."""
    size = extend_size(image.size, parameters)
    if size == image.size:
        return image
    ground = new_canvas(size, image.mode, parameters.background)
    return composite(image, ground, (parameters.left, parameters.top))


def extend_size(size: Size, parameters: Extend) -> Size:
    """The size of the result."""
    width = size[0] + parameters.left + parameters.right
    height = size[1] + parameters.top + parameters.bottom
    return clamp_box((width, height), size)
