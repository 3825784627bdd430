"""Decodes an untrusted picture: no more of it than its recipe needs, upright, in sRGB and bare of metadata."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from PIL import Image

from common.model.reports import SourceReport
from services.worker.decoding.animation import duration_of, first_frame_start_of, loop_count_of
from services.worker.decoding.color_management import (
    Conversion,
    expand_palette,
    is_rgb,
    to_srgb,
)
from services.worker.decoding.errors import translate_decode_errors
from services.worker.decoding.image_header import (
    DecodeLimits,
    ImageHeader,
    orientation_of,
    read_header,
)
from services.worker.decoding.metadata import read_attribution
from services.worker.imaging.geometry import Box, Size, orient_box

# How much larger than its largest output a picture is decoded. Structural similarity to the full decode, over six
# photographs and noise: JPEG's own scaling falls to 0.96 at 1.0; at 1.25 it stays above 0.985 and is 0.995 as a rule;
# at 1.5 above 0.994, but 12 megapixels then take half as long again to become 800 pixels wide.
_JPEG_GAP: Final = 1.25
# The other formats are decoded in full whatever the gap, and only what comes afterwards gets quicker: 0.998 as a rule,
# 0.979 at worst, in a picture that is all fine grain.
_AVERAGING_GAP: Final = 1.5

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
class DecodedFrame:
    """A picture in memory, or a frame of one: upright, RGB or RGBA, in sRGB, without metadata.

    `size` is what it measures in full; `frame` is where it lies in `image`, which may have been decoded smaller.
    `profile` describes the colors of `image` where they were left as they are. `duration` is milliseconds.
    """

    image: Image.Image
    size: Size
    frame: Box
    profile: bytes | None = None
    duration: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _FrameTransform:
    """How the stored pixels of every frame become upright ones."""

    extent: _Extent
    divisor: int
    orientation: int
    profile: bytes | None


@contextmanager
def open_source(source: Path, limits: DecodeLimits) -> Iterator[ImageHeader]:
    """The header of the picture in a file. Raises PictureError or SurroundingsError, whatever the bytes."""
    with translate_decode_errors():
        file = source.open("rb")
    with file:
        with translate_decode_errors():
            header = read_header(file, limits)
        yield header


class SourceImage:
    """An opened picture, decoded at no less than `scale` of its size, 1 being all of it.

    `first` is the picture, or the first frame of an animation. `own_colors` keeps it unconverted beside that. `check`
    is called between steps and may raise. Raises PictureError or SurroundingsError, whatever the bytes.
    """

    def __init__(
        self, header: ImageHeader, *, scale: float, check: Callable[[], None], keep_profile: bool = False
    ) -> None:
        self._header, self._check = header, check
        self._begin = first_frame_start_of(header.image) if header.moves else 0
        self.count = header.source.frames - self._begin if header.moves else 1
        self.plays = loop_count_of(header.image)
        with translate_decode_errors():
            extent = _shrink_on_load(header.image, scale)
            header.image.load()
            check()
            self.credits = read_attribution(header.image)
            self._way = _way(header, scale, extent)
            self._duration = duration_of(header.image)
            stored = reduce_by(header.image, self._way.divisor)
            check()
            self.first, conversion = self._upright(stored)
            self._unconverted = self._upright(stored, own=True)[0] if keep_profile else self.first
        self.source: SourceReport = msgspec.structs.replace(header.source, profile=str(conversion))

    def still(self, *, keep_profile: bool = False) -> DecodedFrame:
        """The first frame, in its own colors if they were kept and are RGB, else in sRGB."""
        return self._unconverted if keep_profile else self.first

    def moving(self, *, keep_profile: bool = False) -> Iterator[DecodedFrame]:
        """Every frame of an animation in turn, composed as a viewer shows it; only one is in memory at a time."""
        if self._begin == 0:
            yield self.still(keep_profile=keep_profile)
        for number in range(max(self._begin, 1), self._header.source.frames):
            self._check()
            with translate_decode_errors():
                self._header.image.seek(number)
                self._header.image.load()
                self._duration = duration_of(self._header.image)
                decoded, _ = self._upright(reduce_by(self._header.image, self._way.divisor), own=keep_profile)
            yield decoded

    def _upright(self, stored: Image.Image, *, own: bool = False) -> tuple[DecodedFrame, Conversion]:
        way = self._way
        keeps = own and is_rgb(stored, way.profile)
        image, conversion = to_srgb(stored, None if keeps else way.profile)
        if way.orientation in _TURNS:
            image = image.transpose(_TURNS[way.orientation])
        if self._header.moves and image is self._header.image:
            image = image.copy()  # the next frame would be decoded into it
        image.info = {}  # whatever stands there, encoders might write
        decoded = DecodedFrame(
            image=image,
            size=self._header.size,
            frame=orient_box(way.extent, image.size, way.orientation),
            profile=way.profile if keeps else None,
            duration=self._duration,
        )
        return decoded, conversion


def _way(header: ImageHeader, scale: float, extent: _Extent) -> _FrameTransform:
    divisor = _divisor(header.size, header.image.size, scale)
    return _FrameTransform(
        extent=(extent[0] / divisor, extent[1] / divisor),
        divisor=divisor,
        orientation=orientation_of(header.image),
        profile=header.image.info.get("icc_profile"),
    )


def _shrink_on_load(image: Image.Image, scale: float) -> _Extent:
    """Have a decoder that can (JPEG's) skip what is not needed. Returns what the picture will measure, to fractions."""
    gap = scale * _JPEG_GAP
    drafted = image.draft(None, (math.ceil(image.width * gap), math.ceil(image.height * gap)))
    return image.size if drafted is None else drafted[1][2:]


def _divisor(full: Size, loaded: Size, scale: float) -> int:
    """By how much the loaded pixels can be averaged and still serve an output of `scale` of the full size."""
    return max(1, int(max(loaded) / (max(full) * scale * _AVERAGING_GAP)))


def reduce_by(image: Image.Image, divisor: int) -> Image.Image:
    """The unpacked picture with each square of `divisor` pixels made one; in bands, each released before the next.

    A form that can be averaged takes up to four times the memory of the stored one, and transparency twice that.
    """
    if divisor == 1 or image.mode in {"I", "F"}:  # what is white in these, only the whole picture tells
        return expand_palette(image) if divisor == 1 else expand_palette(image).reduce(divisor)
    rows = divisor * _BAND
    edges = [(0, top, image.width, min(image.height, top + rows)) for top in range(0, image.height, rows)]
    bands = [expand_palette(image.crop(edge)).reduce(divisor) for edge in edges]
    result = Image.new(bands[0].mode, (bands[0].width, sum(band.height for band in bands)))
    for number, band in enumerate(bands):
        result.paste(band, (0, number * _BAND))
    return result
