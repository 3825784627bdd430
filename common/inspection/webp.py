"""Reads the size and the number of frames of a WebP (RFC 9649)."""

import struct

from common.formats.format_specs import WEBP_MAX_SIDE
from common.inspection.limits import ImageInfo, ImageLimits
from common.inspection.piece_reader import PieceReader


def inspect_webp(reader: PieceReader, limits: ImageLimits) -> ImageInfo:
    """Read the RIFF chunks; an image is as large as the largest that one of them states."""
    reader.skip(12)
    width = height = frames = 0
    try:
        while frames <= limits.max_frames:
            name, size = struct.unpack("<4sI", reader.take(8))
            start = reader.tell()
            frames += name == b"ANMF"
            columns, rows = _size(reader, name)
            width, height = max(width, columns), max(height, rows)
            reader.seek(start + size + (size & 1))
    except EOFError:
        pass  # of a file that was cut off, what came before is known
    return ImageInfo(width=width or None, height=height or None, frames=max(1, frames))


def _size(reader: PieceReader, name: bytes) -> tuple[int, int]:
    if name == b"VP8X":
        data = reader.take(10)
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    if name == b"VP8 ":
        columns, rows = struct.unpack("<HH", reader.take(10)[6:])
        return columns & WEBP_MAX_SIDE, rows & WEBP_MAX_SIDE
    if name == b"VP8L":
        bits = int.from_bytes(reader.take(5)[1:], "little")
        return (bits & WEBP_MAX_SIDE) + 1, (bits >> 14 & WEBP_MAX_SIDE) + 1
    return 0, 0
