"""What a picture's header says, in pure Python: refuses at the door what no worker will develop.

No decoder runs here: dimensions come from `imagesize`, frames from walking the container's own lengths. What a header
hides is found by the worker, which checks the same limits again.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

import imagesize

from common.recipes.formats import FormatSpec
from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem

# Reads before a walk ends, some hundred milliseconds: as many as a GIF of 60 megabytes takes. What is in more pieces is
# made to take time, and is left to the worker, who has a deadline.
_MAX_READS: Final = 250_000


@dataclass(frozen=True)
class ImageLimits:
    """What a worker develops at most."""

    max_pixels: int
    max_frames: int
    max_total_pixels: int


@dataclass(frozen=True)
class ImageInfo:
    """Pixels and frames as the header states them; None where it does not say."""

    width: int | None
    height: int | None
    frames: int | None


class _Metered:
    """A file that is read so often and no further: pieces of a few bytes must not buy a minute of this process."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _MAX_READS

    def read(self, size: int = -1) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise ValueError("the file is in too many pieces")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)


def inspect(file: BinaryIO, spec: FormatSpec, limits: ImageLimits) -> ImageInfo:
    """The header of a complete picture. Never raises for damaged bytes: finding them out is the worker's part."""
    width, height = _gif_size(file) if spec.name == "gif" else _size(file)
    known = width > 0 and height > 0
    counter = {"gif": count_gif_frames, "webp": count_webp_frames, "png": count_png_frames}.get(spec.name)
    file.seek(0)
    try:
        frames = counter(_Metered(file), limits.max_frames + 1) if counter else None
    except (struct.error, IndexError, ValueError, OSError):
        frames = None
    return ImageInfo(int(width) if known else None, int(height) if known else None, frames)


def _size(file: BinaryIO) -> tuple[float, float]:
    return imagesize.get(_Metered(file), exif_rotation=False)  # type: ignore[no-any-return]


def _gif_size(file: BinaryIO) -> tuple[float, float]:
    """imagesize takes sides of more than 32767 pixels for negative ones."""
    head = file.read(10)
    return struct.unpack("<HH", head[6:]) if len(head) == 10 else (-1, -1)  # noqa: PLR2004 - up to the sides


def check(header: ImageInfo, limits: ImageLimits) -> None:
    """Raises Problem 422 `image_too_large` that names the number and the limit."""
    pixels = (header.width or 0) * (header.height or 0)
    frames = header.frames or 1
    measured = (
        ("pixels", pixels, limits.max_pixels),
        ("frames", frames, limits.max_frames),
        ("pixels in all frames", pixels * frames, limits.max_total_pixels),
    )
    for what, found, limit in measured:
        if found > limit:
            more = "more than " if what == "frames" else ""
            detail = f"the picture has {more}{found - bool(more)} {what}, {limit} is the limit"
            raise Problem(ProblemCode.IMAGE_TOO_LARGE, detail, limit=limit)


def count_gif_frames(file: _Metered, enough: int) -> int:
    """Image descriptors up to `enough`, by the block lengths of GIF89a."""
    head = file.read(13)
    _skip_color_table(file, head[10])
    frames = 0
    while True:
        kind = file.read(1)
        if kind == b"\x21":  # extension: label, then sub-blocks
            file.seek(1, 1)
        elif kind == b"\x2c":  # image descriptor, its color table, the LZW minimum code size
            frames += 1
            if frames >= enough:
                break
            _skip_color_table(file, file.read(9)[8])
            file.seek(1, 1)
        else:
            break
        _skip_sub_blocks(file)
    return frames


def count_webp_frames(file: _Metered, enough: int) -> int:
    """`ANMF` chunks up to `enough`, by RIFF chunk lengths; a still picture has one frame."""
    file.seek(12)
    frames = 0
    while True:
        head = file.read(8)
        if len(head) < 8 or frames >= enough:  # noqa: PLR2004 - a chunk's tag and length
            break
        size = struct.unpack("<I", head[4:])[0]
        frames += head[:4] == b"ANMF"
        file.seek(size + (size & 1), 1)
    return max(frames, 1)


def count_png_frames(file: _Metered, _: int) -> int:
    """What the `acTL` chunk of an APNG states; it stands before the pixels."""
    file.seek(8)
    while True:
        head = file.read(8)
        if len(head) < 8 or head[4:] in (b"IDAT", b"IEND"):  # noqa: PLR2004 - a chunk's length and type
            break
        size = struct.unpack(">I", head[:4])[0]
        if head[4:] == b"acTL":
            return max(1, int(struct.unpack(">I", file.read(4))[0]))
        file.seek(size + 4, 1)
    return 1


def _skip_color_table(file: _Metered, flags: int) -> None:
    if flags & 0x80:
        file.seek(3 << ((flags & 7) + 1), 1)


def _skip_sub_blocks(file: _Metered) -> None:
    while size := file.read(1):
        if size == b"\x00":
            return
        file.seek(size[0], 1)
