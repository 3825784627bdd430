"""Decodes an untrusted picture: no more of it than its recipe needs, upright, in sRGB and bare of metadata."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image

from services.worker.colours import to_srgb, unpacked
from services.worker.faults import decoding
from services.worker.geometry import Box, Size, turned
from services.worker.headers import Header, Limits, orientation_of, read_header

# How much larger than its largest output a picture is decoded. Structural similarity to the full decode, over six
# photographs and noise: JPEG's own scaling falls to 0.96 at 1.0; at 1.25 it stays above 0.985 and is 0.995 as a rule;
# at 1.5 above 0.994, but 12 megapixels then take half as long again to become 800 pixels wide.
_JPEG_GAP: Final = 1.25
# The other formats are decoded in full whatever the gap, and only the averaging afterwards gets quicker: 0.997.
_AVERAGING_GAP: Final = 2.0

_BAND: Final = 64  # rows of the averaged picture that are made at a time

_Extent = tuple[float, float]

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A picture in memory: upright, RGB or RGBA, in sRGB, without metadata.

    `size` is what it measures in full; `frame` is where it lies in `image`, which may have been decoded smaller.
    """

    image: Image.Image
    size: Size
    frame: Box
    facts: dict[str, Any]


def decode(
    source: Path, *, limits: Limits, scale: Callable[[Size], float], check: Callable[[], None]
) -> Decoded:
    """The first frame of the picture, decoded at no less than `scale(size)` of its size, 1 being all of it.

    `check` is called between steps and may raise. Raises PictureError or SurroundingsError, whatever the bytes.
    """
    with decoding(), source.open("rb") as file:
        header = read_header(file, limits)
        check()
        wanted = scale(header.size)
        extent = _shrink_on_load(header.image, wanted)
        header.image.load()
        check()
        return _developed(header, wanted, extent, check)


def _shrink_on_load(image: Image.Image, scale: float) -> _Extent:
    """Have a decoder that can (JPEG's) skip what is not needed. Returns what the picture will measure, to fractions."""
    gap = scale * _JPEG_GAP
    drafted = image.draft(None, (math.ceil(image.width * gap), math.ceil(image.height * gap)))
    return image.size if drafted is None else drafted[1][2:]


def _developed(header: Header, scale: float, extent: _Extent, check: Callable[[], None]) -> Decoded:
    """From the stored pixels to the upright picture, the sizes getting smaller before the work gets dearer."""
    profile, orientation = header.image.info.get("icc_profile"), orientation_of(header.image)
    divisor = _divisor(header.size, header.image.size, scale)
    image = _averaged(header.image, divisor)
    check()
    image, conversion = to_srgb(image, profile)
    if orientation in _TURNS:
        image = image.transpose(_TURNS[orientation])
    image.info = {}  # whatever stands there, encoders might write
    frame = turned((extent[0] / divisor, extent[1] / divisor), image.size, orientation)
    facts = header.facts | {"profile": str(conversion)}
    return Decoded(image=image, size=header.size, frame=frame, facts=facts)


def _divisor(full: Size, loaded: Size, scale: float) -> int:
    """By how much the loaded pixels can be averaged and still serve an output of `scale` of the full size."""
    return max(1, int(max(loaded) / (max(full) * scale * _AVERAGING_GAP)))


def _averaged(image: Image.Image, divisor: int) -> Image.Image:
    """The unpacked picture with each square of `divisor` pixels made one; in bands, each released before the next.

    A form that can be averaged takes up to four times the memory of the stored one, and transparency twice that.
    """
    if divisor == 1 or image.mode in {"I", "F"}:  # what is white in these, only the whole picture tells
        return unpacked(image) if divisor == 1 else unpacked(image).reduce(divisor)
    rows = divisor * _BAND
    edges = [(0, top, image.width, min(image.height, top + rows)) for top in range(0, image.height, rows)]
    bands = [unpacked(image.crop(edge)).reduce(divisor) for edge in edges]
    result = Image.new(bands[0].mode, (bands[0].width, sum(band.height for band in bands)))
    for number, band in enumerate(bands):
        result.paste(band, (0, number * _BAND))
    return result
