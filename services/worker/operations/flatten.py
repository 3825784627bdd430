"""Lays a picture on an opaque ground."""

from PIL import Image

from common.recipes.operations import Flatten
from services.worker.imaging.canvas import composite, new_canvas


def flatten(image: Image.Image, parameters: Flatten) -> Image.Image:
    """The picture as RGB, the ground shining through where it was transparent."""
    if image.mode == "RGB":
        return image
    return composite(image, new_canvas(image.size, "RGB", parameters.background))
