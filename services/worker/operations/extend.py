"""Adds a border around an image."""

from PIL import Image

from common.recipes.geometry import Extend
from services.worker.imaging.canvas import composite, new_canvas
from services.worker.imaging.geometry import clamp_box


def extend(image: Image.Image, parameters: Extend) -> Image.Image:
    """Return the image on a larger background. Raises InvalidRecipeError where that would be too large."""
    width = image.width + parameters.left + parameters.right
    height = image.height + parameters.top + parameters.bottom
    size = clamp_box((width, height), image.size)
    if size == image.size:
        return image
    background = new_canvas(size, image.mode, parameters.background)
    return composite(image, background, (parameters.left, parameters.top))
