"""Reads an untrusted file in pieces, and counts them."""

from typing import BinaryIO, Final

from common.errors import ImageTooComplexError

_FREE_PIECES: Final = 2_000
_PIECES_A_FRAME: Final = 10
_BYTES_A_PIECE: Final = 2_048


class PieceReader:
    """A file whose pieces (segments, chunks, boxes, blocks) are counted as they are read.

    So many may be read as its length and `frames` warrant: what is cheap to send must not be expensive to inspect.
    Raises ImageTooComplexError when there are more.
    """

    def __init__(self, file: BinaryIO, *, frames: int) -> None:
        self._file = file
        self.size = file.seek(0, 2)
        self._most = self._left = _FREE_PIECES + frames * _PIECES_A_FRAME + self.size // _BYTES_A_PIECE
        file.seek(0)

    def spend(self, pieces: int = 1) -> None:
        """Count pieces."""
        self._left -= pieces
        if self._left < 0:
            raise ImageTooComplexError(
                f"the file is in more than {self._most} pieces, too many for its {self.size} bytes",
                limit=self._most,
            )

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
        """Go on at this place of the file, which may be beyond its end."""
        self._file.seek(position)

    def skip(self, size: int) -> None:
        """Leave bytes out."""
        self._file.seek(size, 1)

    def tell(self) -> int:
        """Return where the next piece begins."""
        return self._file.tell()
