"""Reads the size in an AV1 bitstream's headers (AV1 specification, 5.5 and 5.9)."""

from dataclasses import dataclass
from typing import Final

from common.inspection.heif.bits import BitReader
from common.inspection.heif.extents import Extents
from common.inspection.piece_reader import PieceReader

_SEQUENCE, _FRAME_HEADER, _FRAME, _REDUNDANT = 1, 3, 6, 7  # types of units
_KEY, _SWITCH = 0, 3  # types of frames
_SELECT: Final = 2  # each frame says
_HEADER_BYTES: Final = 512  # more than either header takes up to the size


@dataclass(frozen=True, slots=True)
class _Sequence:
    """What a frame's header cannot be read without; `most` is what the bits of its sides can say, in pixels."""

    pixels: int
    most: int
    reduced: bool
    frame_id_bits: int
    point_bits: int
    screen_content: int
    integer_motion: int


def largest_av1_pixels(reader: PieceReader, extents: Extents) -> int:
    """Return the most pixels that a header in the data asks for: of the sequence, or of a frame that says its own."""
    at, end, largest, sequence = 0, extents.size, 0, None
    while at < end:
        head = extents.read(reader, at, 10)
        kind, at = head[0] >> 3 & 15, at + (2 if head[0] & 4 else 1)
        size, at = _leb128(head[2 if head[0] & 4 else 1 :], at) if head[0] & 2 else (end - at, at)
        if kind == _SEQUENCE:
            sequence = _read_sequence(BitReader(extents.read(reader, at, min(size, _HEADER_BYTES))))
            largest = max(largest, sequence.pixels)
        elif kind in {_FRAME_HEADER, _FRAME, _REDUNDANT} and sequence:
            bits = BitReader(extents.read(reader, at, min(size, _HEADER_BYTES)))
            largest = max(largest, sequence.most if _has_own_size(bits, sequence) else 0)
        at += size
    return largest


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(data[:8]):
        value |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            return value, at + place + 1
    raise EOFError


def _read_sequence(bits: BitReader) -> _Sequence:
    bits.take(4)  # profile, still picture
    point_bits = 0
    if reduced := bits.flag():
        bits.take(5)
    else:
        point_bits = _skip_timing_and_points(bits)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    pixels = (bits.take(width_bits) + 1) * (bits.take(height_bits) + 1)
    frame_id_bits = 0
    if not reduced and bits.flag():
        frame_id_bits = bits.take(4) + 2 + bits.take(3) + 1
    bits.take(3)  # superblocks, intra filters
    screen_content = integer_motion = _SELECT
    if not reduced:
        bits.take(4)  # compound modes, warping, dual filter
        if bits.flag():  # order hints
            bits.take(2)
        screen_content = _SELECT if bits.flag() else bits.take(1)
        if screen_content:
            integer_motion = _SELECT if bits.flag() else bits.take(1)
    most = 1 << (width_bits + height_bits)
    return _Sequence(pixels, most, reduced, frame_id_bits, point_bits, screen_content, integer_motion)


def _skip_timing_and_points(bits: BitReader) -> int:
    """Skip up to the size; return how many bits of every shown frame's header say when it is presented."""
    delay_bits, point_bits = _skip_timing(bits) if bits.flag() else (0, 0)
    initial_delay = bits.flag()
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        bits.take(1 if bits.take(5) > 7 else 0)  # noqa: PLR2004 - levels from here on have a tier
        if delay_bits and bits.flag():
            bits.take(2 * delay_bits + 1)
        if initial_delay and bits.flag():
            bits.take(4)
    return point_bits


def _skip_timing(bits: BitReader) -> tuple[int, int]:
    bits.take(64)
    if equal := bits.flag():
        bits.exp_golomb()
    if not bits.flag():  # no decoder model
        return 0, 0
    delay_bits = bits.take(5) + 1
    bits.take(32 + 5)
    point_bits = bits.take(5) + 1
    return delay_bits, 0 if equal else point_bits


def _has_own_size(bits: BitReader, sequence: _Sequence) -> bool:
    if sequence.reduced or bits.flag():  # the second: a frame that is shown again
        return False
    kind, shown = bits.take(2), bits.flag()
    if shown:
        bits.take(sequence.point_bits)
    else:
        bits.take(1)
    if kind == _SWITCH:
        return True
    if not (kind == _KEY and shown):
        bits.take(1)  # error resilience
    bits.take(1)  # CDF update
    screen_content = bits.take(1) if sequence.screen_content == _SELECT else sequence.screen_content
    if screen_content and sequence.integer_motion == _SELECT:
        bits.take(1)
    bits.take(sequence.frame_id_bits)
    return bits.flag()
