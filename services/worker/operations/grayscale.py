"""Takes the colors out of an image."""

from typing import Final

from PIL import Image

from common.recipes.filters import Grayscale
from services.worker.imaging.canvas import preserving_alpha

LUMINANCE: Final = (0.2126, 0.7152, 0.0722)  # what red, green and blue count for in CSS filters


def grayscale(image: Image.Image, _parameters: Grayscale) -> Image.Image:
    """Return the image in shades of gray."""
    return preserving_alpha(image, lambda colors: colors.convert("L", (*LUMINANCE, 0.0)).convert("RGB"))
