"""Boxes of ISO base media files, and the items and samples in them (ISO/IEC 14496-12, 23008-12)."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from common.inspection.piece_reader import PieceReader

Extents = tuple[tuple[int, int], ...]  # places and lengths in the file, to be read one after the other


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


def numbers(data: bytes, start: int, *sizes: int) -> tuple[tuple[int, ...], int]:
    """Return unsigned numbers of so many bytes each, and where the next would begin. Raises EOFError at the end."""
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
    return reader.window(min(most, box.end - box.start))


def read_at(reader: PieceReader, extents: Extents, position: int, size: int) -> bytes:
    """Return up to `size` bytes from a position in what the extents make up."""
    data = b""
    for start, length in extents:
        if position < length and size > 0:
            reader.seek(start + position)
            part = reader.window(min(size, length - position))
            data, size, position = data + part, size - len(part), 0
        else:
            position -= min(position, length)
    reader.spend()
    return data


def length_of(extents: Extents) -> int:
    """Return how many bytes the extents make up."""
    return sum(length for _, length in extents)
