"""Reads the size and the number of frames of a PNG (PNG specification, third edition)."""

import struct

from common.inspection.limits import ImageInfo, ImageLimits
from common.inspection.piece_reader import PieceReader


def inspect_png(reader: PieceReader, _limits: ImageLimits) -> ImageInfo:
    """Read the chunks before the pixels: the header, and what an APNG says of its frames."""
    reader.skip(8)
    width = height = 0
    frames = 1
    while True:
        size, name = struct.unpack(">I4s", reader.take(8))
        if name in {b"IDAT", b"IEND"}:
            return ImageInfo(width=width or None, height=height or None, frames=frames)
        start = reader.tell()
        if name == b"IHDR":  # there is one, but readers take the last
            columns, rows = struct.unpack(">II", reader.take(8))
            width, height = max(width, columns), max(height, rows)
        elif name == b"acTL":
            frames = max(frames, struct.unpack(">I", reader.take(4))[0])
        reader.seek(start + size + 4)
