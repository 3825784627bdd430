"""Measures how much the parts of an image draw the eye.

Three things are weighed in a small copy of the image: what is sharp, since photographers focus on their subject; what
differs in color from its surroundings, at two scales; and what is sharp and of the color of skin, as faces are. What an
image is full of counts for nothing.
"""

import math
from collections.abc import Callable
from typing import Final

from PIL import Image, ImageChops, ImageFilter, ImageStat

_SURROUNDINGS: Final = ((3, 13), (6, 27))  # radii of the blurs whose difference is taken, in 96 pixels
# Skin of all tones lies within a narrow range of YCbCr's two color channels: the middle, and the standard deviation.
_SKIN_CB: Final = (108, 9)
_SKIN_CR: Final = (151, 9)
_SKIN_LUMA: Final = (40, 245)
_COLOR_WEIGHT: Final = 0.5
_SKIN_WEIGHT: Final = 4.0


def weigh_columns_and_rows(small: Image.Image) -> tuple[list[float], list[float]]:
    """Return how much the columns, and the rows, of a small RGB image draw the eye."""
    luma, blue, red = small.convert("YCbCr").split()
    edges = _stretch(_measure_sharpness(luma))
    skin = ImageChops.multiply(_find_skin(luma, blue, red), edges)
    weighed = ((edges, 1.0), (_stretch(_measure_contrast(blue, red)), _COLOR_WEIGHT), (skin, _SKIN_WEIGHT))
    return _sum_up(weighed, (small.width, 1)), _sum_up(weighed, (1, small.height))


def _measure_sharpness(luma: Image.Image) -> Image.Image:
    difference = ImageChops.difference(luma, luma.filter(ImageFilter.GaussianBlur(1)))
    return difference.point(lambda level: min(255, 6 * level)).filter(ImageFilter.GaussianBlur(2))


def _measure_contrast(blue: Image.Image, red: Image.Image) -> Image.Image:
    """Return how much the colors differ from those around them."""
    total = Image.new("L", blue.size)
    for channel in (blue, red):
        for inner, outer in _SURROUNDINGS:
            blurred = [channel.filter(ImageFilter.BoxBlur(radius)) for radius in (inner, outer)]
            total = ImageChops.add(total, ImageChops.difference(*blurred))
    return total


def _find_skin(luma: Image.Image, blue: Image.Image, red: Image.Image) -> Image.Image:
    """Return how near each color is to skin's: white is the same."""
    chroma = ImageChops.multiply(blue.point(_bell(*_SKIN_CB)), red.point(_bell(*_SKIN_CR)))
    dark, bright = _SKIN_LUMA
    return ImageChops.darker(chroma, luma.point(lambda level: 255 if dark <= level <= bright else 0))


def _bell(middle: float, deviation: float) -> Callable[[int], int]:
    return lambda level: round(255 * math.exp(-(((level - middle) / deviation) ** 2) / 2))


def _stretch(score: Image.Image) -> Image.Image:
    """Return the score from its mean, which becomes 0, to its maximum, which becomes 255."""
    mean, most = ImageStat.Stat(score).mean[0], score.getextrema()[1]
    span = max(1.0, most - mean)  # type: ignore[operator]  # one channel has one maximum
    return score.point(lambda level: max(0, round(255 * (level - mean) / span)))


def _sum_up(weighed: tuple[tuple[Image.Image, float], ...], size: tuple[int, int]) -> list[float]:
    total = [0.0] * (size[0] * size[1])
    for score, weight in weighed:
        means = score.convert("F").resize(size, Image.Resampling.BOX).get_flattened_data()
        for place, level in enumerate(means):
            total[place] += weight * level  # type: ignore[operator]  # one channel, one level
    return total
