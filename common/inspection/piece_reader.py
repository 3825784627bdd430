"""Reads an untrusted file in pieces, and counts the work: what is cheap to send must not be expensive to inspect."""

import time
from collections.abc import Callable
from typing import BinaryIO, Final

from common.errors import ImageTooComplexError

_FREE_PIECES: Final = 2_000
_PIECES_A_FRAME: Final = 10
_BYTES_A_PIECE: Final = 2_048
_STEPS_A_PIECE: Final = 16  # a piece is read from the file, a step is a number or an entry of what was read
# Of the thread's own processor time, so that a busy machine refuses no sound image. The largest that is taken needs a
# third of it.
_MAX_SECONDS: Final = 1.0
_STEPS_A_LOOK: Final = 1_024  # between looks at the clock


class PieceReader:
    """A file whose pieces (segments, chunks, boxes, blocks) are counted as they are read, and the steps taken in them.

    As much may be done as its length and `frames` warrant, and for no longer than a second by `clock`, which tells the
    processor time of the calling thread. Raises ImageTooComplexError when there is more.
    """

    def __init__(self, file: BinaryIO, *, frames: int, clock: Callable[[], float] = time.thread_time) -> None:
        self._file = file
        self.size = file.seek(0, 2)
        self._most = _FREE_PIECES + frames * _PIECES_A_FRAME + self.size // _BYTES_A_PIECE
        self._left = self._most * _STEPS_A_PIECE
        self._clock = clock
        self._end, self._next_look = clock() + _MAX_SECONDS, self._left - _STEPS_A_LOOK
        file.seek(0)

    def spend(self, pieces: int = 1) -> None:
        """Count pieces."""
        self.step(pieces * _STEPS_A_PIECE)

    def step(self, steps: int = 1) -> None:
        """Count steps: every loop over what a file states counts at least one each time round."""
        self._left -= steps
        if self._left < 0:
            raise ImageTooComplexError(
                f"the file is in more than {self._most} pieces, too many for its {self.size} bytes",
                limit=self._most,
            )
        if self._left < self._next_look:
            self._next_look = self._left - _STEPS_A_LOOK
            if self._clock() > self._end:
                raise ImageTooComplexError(f"inspecting the file takes longer than {_MAX_SECONDS:g} s")

    def take(self, size: int) -> bytes:
        """Read a piece of exactly `size` bytes. Raises EOFError if the file ends before."""
        self.spend()
        data = self._file.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def window(self, size: int) -> bytes:
        """Read what there is of the next `size` bytes, to look for something in them; counts no piece."""
        return self._file.read(size)

    def seek(self, position: int) -> None:
        """Continue at this place of the file; beyond its end there is nothing to read, however far."""
        self._file.seek(min(position, self.size))

    def skip(self, size: int) -> None:
        """Skip bytes without reading them."""
        self.seek(self.tell() + size)

    def tell(self) -> int:
        """Return where the next piece begins."""
        return self._file.tell()
