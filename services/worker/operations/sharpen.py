"""Sharpens an image."""

from PIL import Image, ImageFilter

from common.recipes.filters import Sharpen
from services.worker.imaging.canvas import with_premultiplied_alpha


def sharpen(image: Image.Image, parameters: Sharpen) -> Image.Image:
    """Return the image and so much of its difference to a blurred one; transparency stays as it is."""
    mask = ImageFilter.UnsharpMask(parameters.sigma, round(parameters.amount * 100), threshold=0)
    result = with_premultiplied_alpha(image, lambda colors: colors.filter(mask))
    if result.mode == "RGBA":
        result.putalpha(image.getchannel("A"))
    return result
