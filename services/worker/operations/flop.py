"""Mirrors an image left to right."""

from PIL import Image

from common.recipes.geometry import Flop


def flop(image: Image.Image, _parameters: Flop) -> Image.Image:
    """Return the image as a mirror shows it."""
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
