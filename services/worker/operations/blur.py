"""Blurs an image."""

from PIL import Image, ImageFilter

from common.recipes.filters import Blur
from services.worker.imaging.canvas import with_premultiplied_alpha


def blur(image: Image.Image, parameters: Blur) -> Image.Image:
    """Return the image under a Gaussian, made of three box filters: the time is the same for any sigma."""
    gaussian = ImageFilter.GaussianBlur(parameters.sigma)
    return with_premultiplied_alpha(image, lambda colors: colors.filter(gaussian))
