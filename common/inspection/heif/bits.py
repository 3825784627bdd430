"""Reads numbers of any number of bits, as the headers of video codecs have them."""

from typing import Final

_MAX_ZEROS: Final = 32  # no number in either codec's headers has more bits


class BitReader:
    """Bits from the highest of the first byte on. Raises EOFError past the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """Return the next bits as a number."""
        self._left -= count
        if self._left < 0:
            raise EOFError
        return self._value >> self._left & ((1 << count) - 1)

    def flag(self) -> bool:
        """Return the next bit."""
        return bool(self.take(1))

    def exp_golomb(self) -> int:
        """Return an Exp-Golomb code, called ue(v) in HEVC and uvlc() in AV1. Raises ValueError if it is too long."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros == _MAX_ZEROS:
                raise ValueError(zeros)
        return (1 << zeros) - 1 + self.take(zeros)
