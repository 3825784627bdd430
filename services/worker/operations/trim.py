"""Cuts off the edges of a picture that look like its ground."""

from PIL import Image

from common.operations import Trim
from services.worker.operations.crop import crop
from services.worker.settling import settled_trim


def trim(image: Image.Image, parameters: Trim) -> Image.Image:
    """What differs from the ground, and what lies between; all of the picture where nothing differs."""
    return crop(image, settled_trim(parameters, image))
