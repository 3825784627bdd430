"""Turns an image clockwise by any angle."""

import math
from typing import Final

from PIL import Image

from common.recipes.geometry import Rotate
from services.worker.imaging.canvas import composite, new_canvas, with_premultiplied_alpha
from services.worker.imaging.geometry import Size, clamp_box

_QUARTERS: Final = {  # Pillow turns the other way
    90.0: Image.Transpose.ROTATE_270,
    180.0: Image.Transpose.ROTATE_180,
    270.0: Image.Transpose.ROTATE_90,
}


def rotate(image: Image.Image, parameters: Rotate) -> Image.Image:
    """Return the image turned, on a background that holds its corners. Raises InvalidRecipeError for one too large."""
    angle, size = parameters.angle % 360, measure_rotated(image.size, parameters)
    if angle == 0:
        return image
    if angle in _QUARTERS:
        return image.transpose(_QUARTERS[angle])
    turned = rotate_onto_clear(image, angle, size)
    return composite(turned, new_canvas(size, image.mode, parameters.background))


def measure_rotated(size: Size, parameters: Rotate) -> Size:
    """Return the size of the image turned. Raises InvalidRecipeError if that would be too large."""
    radians = math.radians(parameters.angle)
    cosine, sine = abs(math.cos(radians)), abs(math.sin(radians))
    sides = (size[0] * cosine + size[1] * sine, size[0] * sine + size[1] * cosine)
    # What is a whole number but for the floating point's last digits must not be rounded up.
    return clamp_box((max(1, math.ceil(sides[0] - 1e-6)), max(1, math.ceil(sides[1] - 1e-6))), size)


def rotate_onto_clear(image: Image.Image, angle: float, size: Size) -> Image.Image:
    """Return the image turned about the middle of a transparent one of that size, with smooth edges."""
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    # A clear pixel all around is what the edges fade into.
    edged = Image.new("RGBA", (image.width + 2, image.height + 2))
    edged.paste(image, (1, 1))
    across, down = size[0] / 2, size[1] / 2
    matrix = (
        cosine, sine, edged.width / 2 - cosine * across - sine * down,
        -sine, cosine, edged.height / 2 + sine * across - cosine * down,
    )  # fmt: skip

    def turn(source: Image.Image) -> Image.Image:
        return source.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)

    return with_premultiplied_alpha(edged, turn)
