"""Reads the size of a BMP."""

import struct
from typing import Final

from common.inspection.limits import ImageInfo, ImageLimits
from common.inspection.piece_reader import PieceReader

_OS2_HEADER: Final = 12  # bytes: the one header whose sides have 16 bits


def inspect_bmp(reader: PieceReader, _limits: ImageLimits) -> ImageInfo:
    """Read the header; a negative height says that rows run from the top."""
    reader.skip(14)
    length = struct.unpack("<I", reader.take(4))[0]
    sides = "<HH" if length == _OS2_HEADER else "<ii"
    width, height = struct.unpack(sides, reader.take(struct.calcsize(sides)))
    return ImageInfo(width=abs(width), height=abs(height))
