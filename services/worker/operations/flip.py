"""Mirrors an image top to bottom."""

from PIL import Image

from common.recipes.geometry import Flip


def flip(image: Image.Image, _parameters: Flip) -> Image.Image:
    """Return the image upside down, left still being left."""
    return image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
