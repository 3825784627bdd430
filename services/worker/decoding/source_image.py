"""Decodes an untrusted image: no more of it than its recipe needs, upright, in sRGB and without metadata."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from PIL import Image, ImageChops

from common.errors import ImageTooLargeError
from common.inspection.limits import ImageLimits
from common.model.reports import SourceReport
from services.worker.decoding.averaging import choose_divisor, reduce_by
from services.worker.decoding.color_management import (
    Conversion,
    is_rgb,
    to_srgb,
)
from services.worker.decoding.errors import translate_decode_errors
from services.worker.decoding.image_header import (
    ImageHeader,
    duration_of,
    first_frame_start_of,
    loop_count_of,
    orientation_of,
    read_header,
)
from services.worker.decoding.metadata import read_attribution
from services.worker.imaging.geometry import Box, Size, orient_box

# How much larger than its largest output an image is decoded. Structural similarity to the full decode, over six
# photographs and noise: JPEG's own scaling falls to 0.96 at 1.0; at 1.25 it stays above 0.985 and is 0.995 as a rule;
# at 1.5 above 0.994, but 12 megapixels then take half as long again to become 800 pixels wide.
_JPEG_GAP: Final = 1.25

_PHOTOMETRIC_TAG: Final = 262  # of TIFF

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
    """Holds an image in memory, or a frame of one: upright, RGB or RGBA, in sRGB, without metadata.

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
    """Says how the stored pixels of every frame become upright ones."""

    extent: _Extent
    divisor: int
    orientation: int
    profile: bytes | None
    inverted: bool


@contextmanager
def open_source(source: Path, limits: ImageLimits) -> Iterator[ImageHeader]:
    """Open the image in a file and read its header. Raises ImageError or TransientError, whatever the bytes."""
    with translate_decode_errors():
        file = source.open("rb")
    with file:
        with translate_decode_errors():
            header = read_header(file, limits)
        yield header


class SourceImage:
    """Decodes an opened image at no less than `scale` of its size, 1 being all of it.

    `keep_profile` keeps the first frame unconverted beside the converted one. `check` is called between steps and may
    raise. Raises ImageError or TransientError, whatever the bytes.
    """

    def __init__(
        self, header: ImageHeader, *, scale: float, check: Callable[[], None], keep_profile: bool = False
    ) -> None:
        self._header, self._check = header, check
        self._canvas = header.image.size
        self._first_number = first_frame_start_of(header.image) if header.is_animated else 0
        self.frame_count = header.source.frames - self._first_number if header.is_animated else 1
        self.loop_count = loop_count_of(header.image)
        with translate_decode_errors():
            extent = _shrink_on_load(header.image, scale)
            header.image.load()
            check()
            self.attribution = read_attribution(header.image)
            self._transform = _plan_transform(header, scale, extent)
            self._duration = duration_of(header.image)
            stored = reduce_by(header.image, self._transform.divisor)
            if self._transform.inverted:
                stored = ImageChops.invert(stored)
            check()
            self._first_frame, conversion = self._upright(stored)
            self._unconverted = (
                self._upright(stored, keep_profile=True)[0] if keep_profile else self._first_frame
            )
        self.source: SourceReport = msgspec.structs.replace(header.source, profile=str(conversion))

    def first_frame(self, *, keep_profile: bool = False) -> DecodedFrame:
        """Return the first frame, in its own colors if they were kept and are RGB, else in sRGB."""
        return self._unconverted if keep_profile else self._first_frame

    def frames(self, *, keep_profile: bool = False) -> Iterator[DecodedFrame]:
        """Yield every frame of an animation in turn, composed as a viewer shows it; only one is in memory at a time.

        Raises ImageTooLargeError when the frames that were decoded have more pixels than all of them may have.
        """
        pixels = self._canvas[0] * self._canvas[1]
        if self._first_number == 0:
            yield self.first_frame(keep_profile=keep_profile)
        for number in range(max(self._first_number, 1), self._header.source.frames):
            self._check()
            with translate_decode_errors():
                self._header.image.seek(number)
                # Of this frame: the canvas may have grown, whatever the header said.
                pixels += self._header.image.width * self._header.image.height
                _check_total(pixels, self._header.max_total_pixels)
                self._header.image.load()
                self._duration = duration_of(self._header.image)
                stored = reduce_by(_clipped(self._header.image, self._canvas), self._transform.divisor)
                decoded, _ = self._upright(stored, keep_profile=keep_profile)
            yield decoded

    def _upright(self, stored: Image.Image, *, keep_profile: bool = False) -> tuple[DecodedFrame, Conversion]:
        transform = self._transform
        kept = keep_profile and is_rgb(stored, transform.profile)
        image, conversion = to_srgb(stored, None if kept else transform.profile)
        if transform.orientation in _TURNS:
            image = image.transpose(_TURNS[transform.orientation])
        if self._header.is_animated and image is self._header.image:
            image = image.copy()  # the next frame would be decoded into it
        image.info = {}  # whatever stands there, encoders might write
        decoded = DecodedFrame(
            image=image,
            size=self._header.size,
            frame=orient_box(transform.extent, image.size, transform.orientation),
            profile=transform.profile if kept else None,
            duration=self._duration,
        )
        return decoded, conversion


def _check_total(pixels: int, limit: int) -> None:
    if pixels > limit:
        raise ImageTooLargeError(
            f"the frames have {pixels} pixels and more in all, {limit} is the limit", limit=limit
        )


def _plan_transform(header: ImageHeader, scale: float, extent: _Extent) -> _FrameTransform:
    divisor = choose_divisor(header.size, header.image.size, scale)
    return _FrameTransform(
        extent=(extent[0] / divisor, extent[1] / divisor),
        divisor=divisor,
        orientation=orientation_of(header.image),
        profile=header.image.info.get("icc_profile"),
        inverted=_is_inverted(header.image),
    )


def _clipped(image: Image.Image, size: Size) -> Image.Image:
    """Cut off what lies beyond the canvas, which in Pillow grows with each frame of a GIF that reaches out."""
    return image if image.size == size else image.crop((0, 0, *size))


def _is_inverted(image: Image.Image) -> bool:
    """Return whether zero is white, as a TIFF may say: Pillow heeds it up to 8 bits."""
    return image.mode.startswith("I;16") and getattr(image, "tag_v2", {}).get(_PHOTOMETRIC_TAG) == 0


def _shrink_on_load(image: Image.Image, scale: float) -> _Extent:
    """Have a decoder that can (JPEG's) skip what is not needed. Returns what the image will measure, to fractions."""
    gap = scale * _JPEG_GAP
    drafted = image.draft(None, (math.ceil(image.width * gap), math.ceil(image.height * gap)))
    return image.size if drafted is None else drafted[1][2:]
