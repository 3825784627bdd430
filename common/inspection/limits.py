"""Defines how large and how complex an image may be, and compares what a file states with it."""

from dataclasses import dataclass
from typing import Final, Protocol, Self

from common.errors import ImageTooComplexError, ImageTooLargeError

# Encoders write about ten scans and hand-made scripts a few dozen; libvips ends at 100 as well. Each costs a pass over
# all coefficients, however few bytes it takes.
MAX_SCANS: Final = 100


class LimitSettings(Protocol):
    """The settings that say how large an image may be; those of the API and of the workers have them."""

    @property
    def max_pixels(self) -> int: ...
    @property
    def max_frames(self) -> int: ...
    @property
    def max_total_pixels(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLimits:
    """What is decoded at most. Pixels decide memory (4 bytes each when decoded in full), frames and both time.

    The pixels admit what cameras sold as 50 megapixels give (8192 x 6144, 8688 x 5792), the frames ten seconds of
    animation at 25 a second, the total 120 frames of 1920 x 1080.
    """

    max_pixels: int = 52_000_000
    max_frames: int = 250
    max_total_pixels: int = 250_000_000

    @classmethod
    def of(cls, settings: LimitSettings) -> Self:
        """Return the limits that the settings name."""
        return cls(
            max_pixels=settings.max_pixels,
            max_frames=settings.max_frames,
            max_total_pixels=settings.max_total_pixels,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInfo:
    """What the file states; None where it does not say, or is damaged.

    `decoded_pixels` is what a decoder makes of it on the way where that is more than width x height. `pages` are frames
    that are not shown in turn, and of which one is decoded. A file is `damaged` if it could not be read.
    """

    width: int | None = None
    height: int | None = None
    frames: int | None = None
    pages: int | None = None
    scans: int | None = None
    decoded_pixels: int = 0
    damaged: bool = False


def check_limits(info: ImageInfo, limits: ImageLimits) -> None:
    """Raise ImageTooLargeError or ImageTooComplexError, naming the number and the limit."""
    pixels = max((info.width or 0) * (info.height or 0), info.decoded_pixels)
    frames = info.frames or 1
    _refuse_more("pixels", pixels, limits.max_pixels)
    _refuse_more("frames", frames, limits.max_frames)
    _refuse_more("pages", info.pages or 1, limits.max_frames)
    _refuse_more("pixels in all frames", pixels * frames, limits.max_total_pixels)
    if (info.scans or 0) > MAX_SCANS:
        raise ImageTooComplexError(f"the image has more than {MAX_SCANS} scans", limit=MAX_SCANS)


def _refuse_more(what: str, found: int, limit: int) -> None:
    if found > limit:
        counted = "more than " if what in {"frames", "pages"} else ""  # counting ends at the first too many
        number = limit if counted else found
        raise ImageTooLargeError(f"the image has {counted}{number} {what}, {limit} is the limit", limit=limit)
