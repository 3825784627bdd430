"""Cuts off the edges of a picture that look like its ground."""

from PIL import Image

from common.recipes.operations import Trim
from services.worker.imaging.content_aware import find_trim_box
from services.worker.operations.crop import crop


def trim(image: Image.Image, parameters: Trim) -> Image.Image:
    """What differs from the ground, and what lies between; all of the picture where nothing differs."""
    return crop(image, find_trim_box(parameters, image))
