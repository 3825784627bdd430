"""Reads the size and counts the frames of a GIF (GIF89a specification)."""

import re
import struct
from dataclasses import dataclass
from typing import Final

from common.inspection.limits import ImageInfo, ImageLimits
from common.inspection.piece_reader import PieceReader

_EXTENSION, _IMAGE, _COMMENT = b"!", b",", b"\xfe"
_BLOCK: Final = re.compile(rb"[!,;]")
_JUNK_WINDOW: Final = 512
_BLOCKS_A_PIECE: Final = 16  # they hold 255 bytes, and are quickly walked


@dataclass(slots=True)
class _Canvas:
    """Grows with every frame that reaches beyond it, as it does in decoders."""

    width: int
    height: int
    frames: int = 0


def inspect_gif(reader: PieceReader, limits: ImageLimits) -> ImageInfo:
    """Count frames up to one more than are allowed; the size is that of a canvas which holds them all."""
    head = reader.take(13)
    canvas = _Canvas(*struct.unpack("<HH", head[6:10]))
    try:
        _skip_color_table(reader, head[10])
        while canvas.frames <= limits.max_frames and _read_block(reader, canvas):
            _skip_sub_blocks(reader)
    except EOFError:
        pass  # of a file that was cut off, what came before is known
    return ImageInfo(width=canvas.width or None, height=canvas.height or None, frames=canvas.frames or None)


def _read_block(reader: PieceReader, canvas: _Canvas) -> bool:
    """Read a block up to its data. Returns whether there was one."""
    kind = _next_kind(reader)
    if kind == _EXTENSION:
        _begin_extension(reader)
    elif kind == _IMAGE:
        left, top, columns, rows, flags = struct.unpack("<HHHHB", reader.take(9))
        canvas.frames += 1
        canvas.width, canvas.height = max(canvas.width, left + columns), max(canvas.height, top + rows)
        _skip_color_table(reader, flags)
        reader.skip(1)  # the smallest code's size
    return kind in {_EXTENSION, _IMAGE}


def _next_kind(reader: PieceReader) -> bytes:
    """Return what block is next. What stands between blocks is skipped as decoders do, which end only at a trailer."""
    start = reader.tell()
    while window := reader.window(_JUNK_WINDOW):
        found = _BLOCK.search(window)
        junk = found.start() if found else len(window)
        reader.step(1 + junk)
        start += junk
        if found:
            reader.seek(start + 1)
            return found[0]
    return b""


def _begin_extension(reader: PieceReader) -> None:
    """Read its label. Of any but a comment, Pillow takes an empty first block for none at all."""
    label, start = reader.take(1), reader.tell()
    if label == _COMMENT or reader.window(1) != b"\0":
        reader.seek(start)


def _skip_color_table(reader: PieceReader, flags: int) -> None:
    if flags & 0x80:
        reader.skip(3 << ((flags & 7) + 1))


def _skip_sub_blocks(reader: PieceReader) -> None:
    size, ended = 512, False
    while not ended:
        start = reader.tell()
        window = reader.window(size)
        length, pieces, ended = _walk_sub_blocks(window)
        reader.spend(pieces // _BLOCKS_A_PIECE)
        reader.seek(start + length)
        ended = ended or not window
        size = min(size * 8, 65536)


def _walk_sub_blocks(window: bytes) -> tuple[int, int, bool]:
    """Return where the sub-blocks end (perhaps beyond the window), their number, and whether the last was found."""
    at = pieces = 0
    while at < len(window):
        length = window[at]
        at, pieces = at + length + 1, pieces + 1
        if not length:
            return at, pieces, True
    return at, pieces, False
