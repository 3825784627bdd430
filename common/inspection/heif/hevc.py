"""The size in an HEVC bitstream's parameter sets (ITU-T H.265, 7.3.2.2)."""

from collections.abc import Iterator
from typing import Final

from common.inspection.heif.bits import BitReader
from common.inspection.heif.boxes import (
    Extents,
    length_of,
    numbers,
    read_at,
)
from common.inspection.piece_reader import PieceReader

_SPS: Final = 33  # the type of the unit that holds a sequence parameter set
_SPS_BYTES: Final = 256  # the size stands in its beginning


def largest_hevc_pixels(reader: PieceReader, configuration: bytes, extents: Extents) -> int:
    """Return the most pixels that a parameter set asks for: of the `hvcC` box, or among the data."""
    prefix = (configuration[21] & 3) + 1 if len(configuration) > 21 else 4  # noqa: PLR2004 - the byte's place
    units = [*_configured(configuration), *_in_band(reader, prefix, extents)]
    return max((_pixels(unit) for unit in units), default=0)


def _configured(data: bytes) -> Iterator[bytes]:
    (arrays,), at = numbers(data, 22, 1)
    for _ in range(arrays):
        (kind, count), at = numbers(data, at, 1, 2)
        for _ in range(count):
            (length,), at = numbers(data, at, 2)
            if kind & 0x3F == _SPS:
                yield data[at : at + min(length, _SPS_BYTES)]
            at += length


def _in_band(reader: PieceReader, prefix: int, extents: Extents) -> Iterator[bytes]:
    at, end = 0, length_of(extents)
    while at + prefix < end:
        head = read_at(reader, extents, at, prefix + 1)
        if len(head) <= prefix:
            return
        if head[prefix] >> 1 & 0x3F == _SPS:
            yield read_at(reader, extents, at + prefix, _SPS_BYTES)
        at += prefix + int.from_bytes(head[:prefix], "big")


def _pixels(unit: bytes) -> int:
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
