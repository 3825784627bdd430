"""Reads the size and counts the scans of a JPEG (ITU-T T.81, annex B)."""

import re
import struct
from dataclasses import dataclass
from typing import Final

from common.errors import ImageTooComplexError
from common.inspection.limits import MAX_SCANS, ImageInfo, ImageLimits
from common.inspection.piece_reader import PieceReader

# In coded data 0xFF is followed by 0x00 or a restart marker, and may be repeated before any marker.
_MARKER: Final = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")
_WINDOW: Final = 65536
_MARKERS_A_PIECE: Final = 256  # of what stands between segments, where an honest file has none
_END, _SCAN, _APP1 = 0xD9, 0xDA, 0xE1
_EXIF: Final = b"Exif\0\0"
_MAX_EXIF_SEGMENTS: Final = 32
_PROGRESSIVE: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # of the start-of-frame markers' range


@dataclass(slots=True)
class _Found:
    width: int = 0
    height: int = 0
    components: int = 0
    progressive: bool = False
    scans: int = 0
    exif_segments: int = 0


def inspect_jpeg(reader: PieceReader, _limits: ImageLimits) -> ImageInfo:
    """Read the segments before the pixels, and count the scans of the first image: previews may follow it."""
    found = _Found()
    try:
        while not found.scans and (marker := _next_marker(reader)) not in {None, _END}:
            length = struct.unpack(">H", reader.take(2))[0]
            start = reader.tell()
            _read_segment(reader, marker or 0, found)
            reader.seek(start + max(0, length - 2))
        if found.scans > 1:
            found.scans = 1 + _count_scans(reader)
    except EOFError:
        pass  # of a file that was cut off, what came before is known
    return ImageInfo(width=found.width or None, height=found.height or None, scans=found.scans)


def _read_segment(reader: PieceReader, marker: int, found: _Found) -> None:
    if marker in _FRAMES:
        _, rows, columns, found.components = struct.unpack(">BHHB", reader.take(6))
        found.width, found.height = max(found.width, columns), max(found.height, rows)
        found.progressive = marker in _PROGRESSIVE
    elif marker == _APP1 and reader.window(len(_EXIF)) == _EXIF:
        found.exif_segments += 1
        _refuse_more_exif(found.exif_segments)
    elif marker == _SCAN:
        # Decoders look for more scans only if the first one is not all of the image.
        found.scans = 2 if found.progressive or reader.take(1)[0] < found.components else 1


def _count_scans(reader: PieceReader) -> int:
    """Count the scans up to the end of the image. What stands in a segment between two scans is no marker."""
    scans = 0
    while scans <= MAX_SCANS and (marker := _next_marker(reader)) not in {None, _END}:
        length = struct.unpack(">H", reader.take(2))[0]
        reader.skip(max(0, length - 2))
        scans += marker == _SCAN
    return min(scans, MAX_SCANS)


def _refuse_more_exif(segments: int) -> None:
    """Raise for too many EXIF segments: one is usual, and at each Pillow copies all that came before."""
    if segments > _MAX_EXIF_SEGMENTS:
        message = f"the image has more than {_MAX_EXIF_SEGMENTS} segments of EXIF"
        raise ImageTooComplexError(message, limit=_MAX_EXIF_SEGMENTS)


def _next_marker(reader: PieceReader) -> int | None:
    """Return the next marker that begins a segment; None at the end of the file."""
    reader.spend()
    size = 256
    while True:
        start = reader.tell()
        window = reader.window(size)
        reader.step()
        reader.spend(window.count(b"\xff") // _MARKERS_A_PIECE)
        if found := _MARKER.search(window):
            reader.seek(start + found.end())
            return found[1][0]
        if len(window) < size:
            return None
        reader.seek(start + size - 1)  # a marker may lie across the edge
        size = _WINDOW
