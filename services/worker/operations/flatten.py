"""Lays a picture on an opaque ground."""

from PIL import Image

from common.operations import Flatten
from services.worker.paint import canvas, laid


def flatten(image: Image.Image, parameters: Flatten) -> Image.Image:
    """The picture as RGB, the ground shining through where it was transparent."""
    if image.mode == "RGB":
        return image
    return laid(image, canvas(image.size, "RGB", parameters.background))
