"""Reads size and pages of a TIFF (TIFF 6.0), and tells whether its directories can be loaded at a bounded cost."""

import struct
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from common.errors import ImageTooComplexError
from common.inspection.limits import ImageInfo, ImageLimits
from common.inspection.piece_reader import PieceReader

_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT, _EXIF, _GPS = 256, 257, 322, 323, 34665, 34853
_KIND_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
_SHORT, _LONG = 3, 4
_ENTRY: Final = 12  # bytes
# Numbers become objects of Python's, bytes do not. Strips and tiles need two for each, and 52 megapixels of strips of
# one row that is 208 pixels long fit in.
_MAX_NUMBERS: Final = 500_000


@dataclass(frozen=True, slots=True)
class _Directory:
    tags: dict[int, int]  # the values of those that are one number
    next: int


def inspect_tiff(reader: PieceReader, limits: ImageLimits) -> ImageInfo:
    """Read the directories of up to one page more than are allowed; the size is the first one's.

    Raises ImageTooComplexError if a directory asks for more than the file holds, or has more numbers than images need.
    """
    order = "<" if reader.take(4)[:2] == b"II" else ">"
    start = struct.unpack(f"{order}I", reader.take(4))[0]
    first = _read(reader, order, start)
    for tag in {_EXIF, _GPS} & first.tags.keys():
        with suppress(EOFError):  # damaged metadata is no reason to know nothing of the image
            _read(reader, order, first.tags[tag])
    tags = first.tags
    tile = tags.get(_TILE_WIDTH, 0) * tags.get(_TILE_HEIGHT, 0)
    pages = _count_pages(reader, order, start, first.next, limits.max_frames)
    return ImageInfo(width=tags.get(_WIDTH), height=tags.get(_HEIGHT), pages=pages, decoded_pixels=tile)


def _count_pages(reader: PieceReader, order: str, first: int, offset: int, most: int) -> int:
    """Count them up to one too many; a directory that was there before ends them, as in decoders."""
    seen = {first}
    with suppress(EOFError):
        while offset and offset not in seen and len(seen) <= most:
            following = _read(reader, order, offset).next
            seen.add(offset)
            offset = following
    return len(seen)


def is_loadable_exif(exif: bytes) -> bool:
    """Return whether a block of EXIF, which is a TIFF without an image, can be loaded at the cost of its length."""
    try:
        inspect_tiff(
            PieceReader(BytesIO(exif.removeprefix(b"Exif\0\0")), frames=0), ImageLimits(max_frames=1)
        )
    except ImageTooComplexError:
        return False
    except (EOFError, struct.error):
        return True  # damaged, which its reader finds out
    return True


def _read(reader: PieceReader, order: str, offset: int) -> _Directory:
    reader.seek(offset)
    count = struct.unpack(f"{order}H", reader.take(2))[0]
    entries = reader.take(count * _ENTRY)
    reader.step(count)
    following = struct.unpack(f"{order}I", reader.window(4).ljust(4, b"\0"))[0]
    found, numbers, size = {}, 0, 0
    for start in range(0, len(entries), _ENTRY):
        tag, kind, values = struct.unpack_from(f"{order}HHI", entries, start)
        size += values * _KIND_SIZES.get(kind, 0)
        numbers += values if _KIND_SIZES.get(kind, 0) > 1 else 0
        if values == 1 and kind in {_SHORT, _LONG}:
            found[tag] = struct.unpack_from(order + ("H" if kind == _SHORT else "I"), entries, start + 8)[0]
    _refuse_more("numbers", numbers, _MAX_NUMBERS)
    _refuse_more("bytes", size, reader.size)
    return _Directory(found, following)


def _refuse_more(what: str, found: int, limit: int) -> None:
    if found > limit:
        raise ImageTooComplexError(
            f"a directory of the TIFF has {found} {what}, {limit} is the limit", limit=limit
        )
