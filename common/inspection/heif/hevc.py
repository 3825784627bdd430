"""Reads the size in an HEVC bitstream's parameter sets (ITU-T H.265, 7.3.2.2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from common.inspection.heif.bits import BitReader
from common.inspection.heif.boxes import numbers
from common.inspection.heif.extents import Extents
from common.inspection.piece_reader import PieceReader

_SPS: Final = 33  # the type of the unit that holds a sequence parameter set
_SPS_BYTES: Final = 256  # the size stands in its beginning


@dataclass(frozen=True, slots=True)
class HevcConfiguration:
    """What an `hvcC` box says: the most pixels of its parameter sets, and the bytes of a length in the data."""

    pixels: int
    length_bytes: int


def read_hevc_configuration(reader: PieceReader, data: bytes) -> HevcConfiguration:
    """Read the content of an `hvcC` box. Raises EOFError if it ends too early."""
    pixels = max((_pixels(reader, unit) for unit in _configured(reader, data)), default=0)
    return HevcConfiguration(pixels, (data[21] & 3) + 1)


def largest_hevc_pixels(reader: PieceReader, length_bytes: int, extents: Extents) -> int:
    """Return the most pixels that a parameter set among the data asks for; 0 if there is none."""
    return max((_pixels(reader, unit) for unit in _in_band(reader, length_bytes, extents)), default=0)


def _configured(reader: PieceReader, data: bytes) -> Iterator[bytes]:
    (arrays,), at = numbers(reader, data, 22, 1)
    for _ in range(arrays):
        (kind, count), at = numbers(reader, data, at, 1, 2)
        for _ in range(count):
            (length,), at = numbers(reader, data, at, 2)
            if kind & 0x3F == _SPS:
                yield data[at : at + min(length, _SPS_BYTES)]
            at += length


def _in_band(reader: PieceReader, length_bytes: int, extents: Extents) -> Iterator[bytes]:
    at, end = 0, extents.size
    while at + length_bytes < end:
        head = extents.read(reader, at, length_bytes + 1)
        if len(head) <= length_bytes:
            return
        if head[length_bytes] >> 1 & 0x3F == _SPS:
            yield extents.read(reader, at + length_bytes, _SPS_BYTES)
        at += length_bytes + int.from_bytes(head[:length_bytes], "big")


def _pixels(reader: PieceReader, unit: bytes) -> int:
    reader.spend()
    bits = BitReader(unit[2:].replace(b"\0\0\3", b"\0\0"))  # without the bytes that prevent start codes
    bits.take(4)
    layers = bits.take(3)
    bits.take(1 + 96)  # profile, tier and level
    present = [(bits.flag(), bits.flag()) for _ in range(layers)]
    bits.take(2 * (8 - layers) if layers else 0)
    for profile, level in present:
        bits.take(88 * profile + 8 * level)
    bits.exp_golomb()
    if bits.exp_golomb() == 3:  # noqa: PLR2004 - chroma in full resolution may be in planes of their own
        bits.take(1)
    return bits.exp_golomb() * bits.exp_golomb()
