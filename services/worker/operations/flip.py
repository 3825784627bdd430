"""Mirrors a picture top to bottom."""

from PIL import Image

from common.recipes.operations import Flip


def flip(image: Image.Image, _parameters: Flip) -> Image.Image:
    """The picture upside down, left still being left."""
    return image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
