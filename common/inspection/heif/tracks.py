"""Reads the tracks of an image sequence: size, codec and where each sample lies (ISO/IEC 14496-12, 8)."""

from dataclasses import dataclass
from itertools import pairwise

from common.inspection.heif.boxes import (
    Box,
    content,
    find_boxes,
    numbers,
)
from common.inspection.heif.extents import Extents
from common.inspection.piece_reader import PieceReader

_TABLE_BYTES = 1 << 16  # more than the tables of as many samples as are looked at


@dataclass(frozen=True, slots=True)
class Track:
    """One track; `size` is what its sample description says."""

    codec: bytes
    size: tuple[int, int]
    samples: Extents


def read_tracks(reader: PieceReader, moov: Box, most: int) -> list[Track]:
    """Return the tracks of a `moov` box, of each up to so many samples. Raises EOFError if one ends too early."""
    tables = find_boxes(reader, moov, b"trak", b"mdia", b"minf", b"stbl")
    return [_track(reader, table, most) for table in tables]


def _track(reader: PieceReader, table: Box, most: int) -> Track:
    described = content(reader, find_boxes(reader, table, b"stsd")[0], 64)
    codec = described[12:16]
    size, _ = numbers(
        reader, described, 40, 2, 2
    )  # after the entry's head and what all visual entries begin with
    lengths = _lengths(reader, content(reader, find_boxes(reader, table, b"stsz")[0], _TABLE_BYTES), most)
    return Track(codec, (size[0], size[1]), Extents(_places(reader, table, lengths)))


def _lengths(reader: PieceReader, data: bytes, most: int) -> list[int]:
    (common, count), at = numbers(reader, data, 4, 4, 4)
    count = min(count, most)
    return [common] * count if common else list(numbers(reader, data, at, *[4] * count)[0])


def _places(reader: PieceReader, table: Box, lengths: list[int]) -> list[tuple[int, int]]:
    """Return where each sample lies: one after the other in chunks, whose numbers of samples a table gives."""
    chunks = _chunks(reader, table, len(lengths))
    runs = _runs(reader, content(reader, find_boxes(reader, table, b"stsc")[0], _TABLE_BYTES), len(lengths))
    places, left, samples = [], list(reversed(lengths)), 0
    for number, offset in enumerate(chunks, 1):
        reader.step()
        samples = runs.get(number, samples)
        for _ in range(min(samples, len(left))):
            places.append((offset, length := left.pop()))
            offset += length  # noqa: PLW2901 - the next sample's place in this chunk
    return places


def _chunks(reader: PieceReader, table: Box, most: int) -> tuple[int, ...]:
    wide = find_boxes(reader, table, b"co64")
    data = content(reader, (wide or find_boxes(reader, table, b"stco"))[0], _TABLE_BYTES)
    (count,), at = numbers(reader, data, 4, 4)
    return numbers(reader, data, at, *[8 if wide else 4] * min(count, most))[0]


def _runs(reader: PieceReader, data: bytes, most: int) -> dict[int, int]:
    """How many samples each chunk has, by the first chunk of which that is true."""
    (count,), at = numbers(reader, data, 4, 4)
    values, _ = numbers(reader, data, at, *[4] * 3 * min(count, most))
    firsts = values[::3]
    if any(after <= before for before, after in pairwise(firsts)):
        raise ValueError(firsts)  # out of order, so that readers may differ
    return dict(zip(firsts, values[1::3], strict=True))
