"""Reads the boxes of ISO base media files (ISO/IEC 14496-12), and the numbers in them."""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from common.inspection.piece_reader import PieceReader

_BYTES_A_STEP: Final = 256


class Box(NamedTuple):
    """A box's type, and where its content begins and ends."""

    kind: bytes
    start: int
    end: int


def boxes(reader: PieceReader, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two places of the file."""
    while start + 8 <= end:
        reader.seek(start)
        size, kind = struct.unpack(">I4s", reader.take(8))
        head = 8
        if size == 1:
            size, head = struct.unpack(">Q", reader.take(8))[0], 16
        stop = end if size == 0 else min(end, start + size)
        if stop < start + head:
            return
        yield Box(kind, start + head, stop)
        start = stop


def find_boxes(reader: PieceReader, parent: Box, *path: bytes, skip: int = 0) -> list[Box]:
    """Return the boxes at the end of a path of types; `skip` bytes of the parent's content come before its boxes."""
    found = [each for each in boxes(reader, parent.start + skip, parent.end) if each.kind == path[0]]
    if len(path) == 1:
        return found
    return [each for box in found for each in find_boxes(reader, box, *path[1:])]


def numbers(reader: PieceReader, data: bytes, start: int, *sizes: int) -> tuple[tuple[int, ...], int]:
    """Return unsigned numbers of so many bytes each, and where the next would begin. Raises EOFError at the end.

    Each counts as a step of the reader's, whether it takes bytes or none.
    """
    reader.step(max(1, len(sizes)))
    values = []
    for size in sizes:
        if start + size > len(data):
            raise EOFError
        values.append(int.from_bytes(data[start : start + size], "big"))
        start += size
    return tuple(values), start


def content(reader: PieceReader, box: Box, most: int = 1 << 20) -> bytes:
    """Return a box's content, of which only so much is read."""
    reader.seek(box.start)
    reader.spend()
    data = reader.window(min(most, box.end - box.start))
    reader.step(len(data) // _BYTES_A_STEP)
    return data
