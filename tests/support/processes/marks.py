"""Pictures that a worker of tests.support.processes.faulty_worker treats as they are marked;
any other worker develops them.

The mark stands behind the end of the picture, where no decoder looks.
"""

from pathlib import Path
from typing import Final, Literal

Fault = Literal["crash", "hang", "hold"]

_MARK: Final = b"\n#darkroom-test:"


def crashing(picture: bytes) -> bytes:
    """Decoding it ends the process."""
    return picture + _MARK + b"crash:"


def hanging(picture: bytes) -> bytes:
    """Decoding it never returns, whatever the clock says."""
    return picture + _MARK + b"hang:"


def held(picture: bytes, gate: Path) -> bytes:
    """Decoding it begins once the file `gate` exists."""
    return picture + _MARK + b"hold:" + str(gate).encode()


def fault_in(file: bytes) -> tuple[str, str] | None:
    """The mark of a file and its argument; None when it has none."""
    _, found, mark = file.rpartition(_MARK)
    if not found:
        return None
    fault, _, argument = mark.decode().partition(":")
    return fault, argument
