"""Blurs a picture."""

from PIL import Image, ImageFilter

from common.operations import Blur
from services.worker.paint import weighted


def blur(image: Image.Image, parameters: Blur) -> Image.Image:
    """The picture under a Gaussian, made of three box filters: the time is the same for any sigma."""
    gaussian = ImageFilter.GaussianBlur(parameters.sigma)
    return weighted(image, lambda picture: picture.filter(gaussian))
