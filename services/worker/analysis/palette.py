"""Finds the colors of an image: their average, and the five that cover most of it."""

from itertools import compress

from PIL import Image

from common.model.reports import Swatch

_COLORS = 5
_SIDE = 32  # pixels
_VISIBLE = 128  # alpha from which a pixel counts


def average_color(sample: Image.Image) -> str:
    """Return the mean color as #rrggbb; pixels weigh as much as they are opaque."""
    return _hex(sample.resize((1, 1), Image.Resampling.BOX).convert("RGB").tobytes())


def find_palette(sample: Image.Image) -> tuple[Swatch, ...]:
    """Return up to five colors that cover most of it, the most frequent first; what is transparent has none."""
    visible = _visible(sample.reduce(max(1, -(-max(sample.size) // _SIDE))))
    if visible is None:
        return ()
    indexed = visible.quantize(_COLORS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    table, count = bytes(indexed.getpalette() or ()), visible.width * visible.height
    found = sorted(
        ((number, index) for index, number in enumerate(indexed.histogram()) if number), reverse=True
    )
    return tuple(
        Swatch(color=_hex(table[3 * index : 3 * index + 3]), share=round(number / count, 3))
        for number, index in found
    )


def _visible(sample: Image.Image) -> Image.Image | None:
    """Return the pixels that show, in a row; None if none does."""
    if sample.mode == "RGB":
        return sample
    data, alpha = sample.convert("RGB").tobytes(), sample.getchannel("A").tobytes()
    pixels = (data[at : at + 3] for at in range(0, len(data), 3))
    shown = b"".join(compress(pixels, (value >= _VISIBLE for value in alpha)))
    return Image.frombytes("RGB", (len(shown) // 3, 1), shown) if shown else None


def _hex(color: bytes) -> str:
    return f"#{color.hex()}"
