"""Lays an image on an opaque background."""

from PIL import Image

from common.recipes.filters import Flatten
from services.worker.imaging.canvas import composite, new_canvas


def flatten(image: Image.Image, parameters: Flatten) -> Image.Image:
    """Return the image as RGB, the background shining through where it was transparent."""
    if image.mode == "RGB":
        return image
    return composite(image, new_canvas(image.size, "RGB", parameters.background))
