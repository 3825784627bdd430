"""The bytes of an item or of a track's samples, wherever in the file they lie."""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate

from common.inspection.piece_reader import PieceReader


class Extents:
    """Places and lengths in the file, to be read one after the other as if they were one."""

    def __init__(self, places: Iterable[tuple[int, int]] = ()) -> None:
        self._places = tuple(places)
        self._ends = tuple(accumulate(length for _, length in self._places))

    def __len__(self) -> int:
        return len(self._places)

    @property
    def size(self) -> int:
        """How many bytes they claim to be; the file may end before."""
        return self._ends[-1] if self._ends else 0

    def read(self, reader: PieceReader, position: int, size: int) -> bytes:
        """Return up to `size` bytes from a position on; fewer where the extents or the file end."""
        reader.spend()
        parts = []
        for index in range(bisect_right(self._ends, position), len(self._places)):
            reader.step()
            start, length = self._places[index]
            left = self._ends[index] - position
            reader.seek(start + length - left)
            parts.append(part := reader.window(min(size, left)))
            size, position = size - len(part), position + len(part)
            if not size or len(part) < left:
                break
        return b"".join(parts)
