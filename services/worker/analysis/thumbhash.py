"""Computes a ThumbHash: some 25 bytes from which a page draws a blurred placeholder (https://evanw.github.io/thumbhash/).

The reference computes each frequency over all pixels in turn; here the transform is taken apart into rows and columns,
and the image into 16 x 16 pixels, which hold every frequency that the format keeps: a twentieth of the time.
"""

import base64
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from PIL import Image

from services.worker.analysis.dct import dct_transform
from services.worker.imaging.geometry import Size

_SIDE = 16
_COUNT = _SIDE * _SIDE


class _Channel(NamedTuple):
    """Holds the mean of a channel, its other frequencies as 0 to 1 around 0.5, and the largest of them."""

    mean: float
    waves: list[float]
    scale: float


def thumbhash(sample: Image.Image, size: Size) -> str:
    """Return the placeholder in base64, as the reference encodes it; `size` is the image's, for its proportions."""
    width, height = size
    red, green, blue, alpha = _premultiplied(sample)
    most = 7 if min(alpha) == 1.0 else 5
    across = max(1, round(most * width / max(size)))
    down = max(1, round(most * height / max(size)))
    light = [(r + g + b) / 3 for r, g, b in zip(red, green, blue, strict=True)]
    yellow_blue = [(r + g) / 2 - b for r, g, b in zip(red, green, blue, strict=True)]
    red_green = [r - g for r, g in zip(red, green, strict=True)]
    lpq = (
        _channel(light, max(3, across), max(3, down)),
        _channel(yellow_blue, 3, 3),
        _channel(red_green, 3, 3),
    )
    shape = (down if width > height else across, width > height)
    transparency = _channel(alpha, 5, 5) if most == 5 else None  # noqa: PLR2004 - ThumbHash's own number
    return base64.b64encode(_packed(lpq, transparency, *shape)).decode("ascii")


def _premultiplied(sample: Image.Image) -> tuple[list[float], ...]:
    """Return red, green, blue and alpha as 0 to 1, the transparent laid on the image's average color."""
    small = sample.resize((_SIDE, _SIDE), Image.Resampling.BOX)
    if small.mode == "RGB":
        return (
            *([value / 255 for value in small.getchannel(name).tobytes()] for name in "RGB"),
            [1.0] * _COUNT,
        )
    alpha = [value / 255 for value in small.getchannel("A").tobytes()]
    visible = sum(alpha)
    channels = []
    for name in "RGB":
        shown = [value / 255 * a for value, a in zip(small.getchannel(name).tobytes(), alpha, strict=True)]
        mean = sum(shown) / visible if visible else 0.0
        channels.append([value + mean * (1 - a) for value, a in zip(shown, alpha, strict=True)])
    return (*channels, alpha)


def _channel(values: Sequence[float], across: int, down: int) -> _Channel:
    """Return the frequencies of the upper left triangle, by rows."""
    table = dct_transform(values, _SIDE, max(across, down))
    kept = [
        table[y][x] / _COUNT for y in range(down) for x in range(across) if x * down < across * (down - y)
    ]
    mean, *waves = kept
    scale = max(map(abs, waves))
    return _Channel(mean, [0.5 + 0.5 / scale * wave for wave in waves] if scale else waves, scale)


def _packed(lpq: tuple[_Channel, ...], alpha: _Channel | None, side: int, landscape: bool) -> bytes:
    light, yellow_blue, red_green = lpq
    head = round(63 * light.mean) | round(31.5 + 31.5 * yellow_blue.mean) << 6
    head |= (
        round(31.5 + 31.5 * red_green.mean) << 12 | round(31 * light.scale) << 18 | (alpha is not None) << 23
    )
    scales = side | round(63 * yellow_blue.scale) << 3 | round(63 * red_green.scale) << 9 | landscape << 15
    data = head.to_bytes(3, "little") + scales.to_bytes(2, "little")
    channels = list(lpq)
    if alpha is not None:
        data += bytes([round(15 * alpha.mean) | round(15 * alpha.scale) << 4])
        channels.append(alpha)
    return data + bytes(_nibbles(round(15 * wave) for wave in chain.from_iterable(c.waves for c in channels)))


def _nibbles(values: Iterator[int]) -> Iterator[int]:
    """Yield two values of four bits a byte, the lower first."""
    for low in values:
        yield low | next(values, 0) << 4
