"""Makes an image of large squares."""

from PIL import Image

from common.recipes.filters import Pixelate


def pixelate(image: Image.Image, parameters: Pixelate) -> Image.Image:
    """Return each square in the average of its colors, the last ones cut off by the image's edges."""
    square = (min(parameters.size, image.width), min(parameters.size, image.height))
    small = image.reduce(square)
    whole = (small.width * square[0], small.height * square[1])
    return small.resize(whole, Image.Resampling.NEAREST).crop((0, 0, *image.size))
