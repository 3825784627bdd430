"""Finds what of an image to keep when a part of it must go: what draws the eye, or where there is most to see.

`attention` looks for what draws the eye, `entropy` for Shannon's, of the brightness; both in a small copy of the image.
"""

import math
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final

from PIL import Image

from services.worker.imaging.canvas import composite, new_canvas
from services.worker.imaging.geometry import Shares, Size
from services.worker.imaging.saliency import weigh_columns_and_rows

_SIDE: Final = 96  # pixels
_TRIALS: Final = 32  # places that a window is tried at
# Half of the weight is given before looking: photographers put their subject near the middle, and heads above it. The
# values were chosen by `python -m tests.benchmarks.crops` and a hundred photographs; all near them do nearly as well.
_PRIOR_WEIGHT: Final = 0.5
_PRIOR_MIDDLE: Final = (0.5, 0.28)
_PRIOR_DEVIATION: Final = 0.3
_INNER_WEIGHT: Final = (
    0.5  # what lies in the inner half of a window counts more: subjects do not like its edges
)


def smart_crop_position(image: Image.Image, window: Size, *, strategy: str) -> Shares:
    """Return where a window of that size shows most: the shares of what is left over that lie left of it and above.

    `strategy` is `attention` or `entropy`.
    """
    small = _shrink(image)
    scaled = (window[0] * small.width / image.width, window[1] * small.height / image.height)
    if strategy == "entropy":
        return _find_entropy(small, scaled)
    across, down = weigh_columns_and_rows(small)
    return _find_attention(across, scaled[0], _PRIOR_MIDDLE[0]), _find_attention(
        down, scaled[1], _PRIOR_MIDDLE[1]
    )


def _shrink(image: Image.Image) -> Image.Image:
    scale = min(1.0, _SIDE / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    # What is transparent is gray, and draws nobody's eye.
    return small if small.mode == "RGB" else composite(small, new_canvas(size, "RGB", "gray"))


def _find_attention(profile: Sequence[float], window: float, middle: float) -> float:
    """Return the share at which the window holds most of a profile that is mixed with the prior."""
    side, total = len(profile), sum(profile)
    prior = [
        math.exp(-((((place + 0.5) / side - middle) / _PRIOR_DEVIATION) ** 2) / 2) for place in range(side)
    ]
    share = _PRIOR_WEIGHT if total else 1.0
    mixed = [
        (1 - share) * level / (total or 1.0) + share * expected / sum(prior)
        for level, expected in zip(profile, prior, strict=True)
    ]
    sums = [0.0, *accumulate(mixed)]

    def measure(start: float) -> float:
        quarter = window / 4
        inner = _sum_between(sums, start + quarter, start + window - quarter)
        return _sum_between(sums, start, start + window) + _INNER_WEIGHT * inner

    return _find_best(side - window, measure)


def _sum_between(sums: Sequence[float], start: float, end: float) -> float:
    """Return the sum between two places that need not be whole, of running sums."""
    return _interpolate(sums, end) - _interpolate(sums, start)


def _interpolate(values: Sequence[float], place: float) -> float:
    low = min(int(place), len(values) - 2)
    return values[low] + (place - low) * (values[low + 1] - values[low])


def _find_entropy(small: Image.Image, window: tuple[float, float]) -> Shares:
    gray = small.convert("L")

    def across(start: float) -> float:
        return gray.crop((round(start), 0, round(start + window[0]), gray.height)).entropy()

    def down(start: float) -> float:
        return gray.crop((0, round(start), gray.width, round(start + window[1]))).entropy()

    return _find_best(gray.width - window[0], across), _find_best(gray.height - window[1], down)


def _find_best(spare: float, measure: Callable[[float], float]) -> float:
    """Return the share of `spare`, in pixels, that measures most; of equals the one nearest to the middle."""
    if spare < 0.5:  # noqa: PLR2004 - half a pixel of the small copy is nothing to choose from
        return 0.5
    shares = [number / _TRIALS for number in range(_TRIALS + 1)]
    return max(shares, key=lambda share: (round(measure(spare * share), 6), -abs(share - 0.5)))
