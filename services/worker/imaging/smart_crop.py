"""Finds what of a picture to keep when a part of it must go: where the eye goes, or where there is most to see.

Both look at a version of at most 128 pixels a side. `attention` follows libvips and sharp: edges, the tones of skin and
strong colors draw the eye. `entropy` is Shannon's, of the brightness.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

from PIL import Image, ImageChops, ImageFilter

from services.worker.imaging.canvas import composite, new_canvas
from services.worker.imaging.geometry import Shares, Size

_SIDE: Final = 128  # pixels
_TRIALS: Final = 32  # places that entropy is measured at
_SKIN: Final = (0.78, 0.52, 0.35)  # the direction of skin's red, green and blue, whatever the light


def smart_crop_position(image: Image.Image, part: Size, *, strategy: str) -> Shares:
    """Where a `part` of that size shows most: the shares of what is left over that lie left of it and above.

    `strategy` is `attention` or `entropy`.
    """
    scale = min(1.0, _SIDE / max(image.size))
    small = _small(image, scale)
    window = [
        min(side, max(1, round(wanted * side / full)))
        for wanted, full, side in zip(part, image.size, small.size, strict=True)
    ]
    find = _attended if strategy == "attention" else _entropic
    return find(small, (window[0], window[1]))


def _small(image: Image.Image, scale: float) -> Image.Image:
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    # What is transparent is gray, and draws nobody's eye.
    return small if small.mode == "RGB" else composite(small, new_canvas(size, "RGB", "gray"))


def _attended(small: Image.Image, window: Size) -> Shares:
    score = attention(small)
    across, down = _profile(score, (score.width, 1)), _profile(score, (1, score.height))
    return (_center(across, window[0]), _center(down, window[1]))


def _profile(score: Image.Image, size: Size) -> list[float]:
    """The mean of each column, or of each row."""
    values = score.resize(size, Image.Resampling.BOX).get_flattened_data()
    return [value for value in values if isinstance(value, float)]


def attention(small: Image.Image) -> Image.Image:
    """How much each pixel of an RGB picture draws the eye, as floating point; what is everywhere draws nobody's."""
    edges = small.convert("L").filter(ImageFilter.Kernel((3, 3), (-1, -1, -1, -1, 8, -1, -1, -1, -1)))
    _, saturation, value = small.convert("HSV").split()
    vivid = ImageChops.multiply(saturation, value)
    drawn = ImageChops.add(ImageChops.add(edges, vivid, 2), _skin(small, vivid), 1)
    usual = sorted(drawn.get_flattened_data())[drawn.width * drawn.height // 2]
    return drawn.point(lambda level: max(0, level - usual)).filter(ImageFilter.GaussianBlur(1)).convert("F")


def _skin(small: Image.Image, vivid: Image.Image) -> Image.Image:
    """White where a color's direction is that of skin, on what is neither dark nor gray."""
    length = math.hypot(*_SKIN)
    data = []
    for red, green, blue in small.get_flattened_data():  # type: ignore[misc]  # RGB: three levels
        size = math.sqrt(red * red + green * green + blue * blue) or 1.0
        likeness = (red * _SKIN[0] + green * _SKIN[1] + blue * _SKIN[2]) / (size * length)
        data.append(max(0, round((likeness - 0.96) * 25 * 128)))
    skin = Image.new("L", small.size)
    skin.putdata(data)
    return ImageChops.darker(skin, vivid.point(lambda level: min(255, level * 3)))


def _center(profile: Sequence[float], window: int) -> float:
    """The share at which a window, which weighs its middle most, holds most of the profile."""
    weights = [math.sin(math.pi * (step + 0.5) / window) for step in range(window)]
    return _best(
        len(profile) - window,
        lambda start: sum(
            weight * level for weight, level in zip(weights, profile[start : start + window], strict=True)
        ),
    )


def _entropic(small: Image.Image, window: Size) -> Shares:
    gray = small.convert("L")

    def across(start: int) -> float:
        return gray.crop((start, 0, start + window[0], gray.height)).entropy()

    def down(start: int) -> float:
        return gray.crop((0, start, gray.width, start + window[1])).entropy()

    return (_best(gray.width - window[0], across), _best(gray.height - window[1], down))


def _best(spare: int, measure: Callable[[int], float]) -> float:
    """The share of `spare` that measures most; of equals the one nearest to the middle."""
    if spare <= 0:
        return 0.5
    trials = sorted({round(spare * scenario / _TRIALS) for scenario in range(_TRIALS + 1)})
    return max(trials, key=lambda start: (round(measure(start), 6), -abs(start - spare / 2))) / spare
