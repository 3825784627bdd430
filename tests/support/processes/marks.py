"""Images that a worker of tests.support.processes.faulty_worker treats as they are marked; any other develops them.

The mark stands behind the end of the image, where no decoder looks.
"""

from pathlib import Path
from typing import Final

_MARK: Final = b"\n#darkroom-test:"


def crashing(image: bytes) -> bytes:
    """Developing it ends the worker."""
    return _marked(image, "crash")


def hanging(image: bytes) -> bytes:
    """Developing it in the worker never returns, and uses the processor all the while."""
    return _marked(image, "hang")


def stalling(image: bytes) -> bytes:
    """Developing it in the worker never returns, and uses nothing."""
    return _marked(image, "stall")


def held(image: bytes, gate: Path) -> bytes:
    """Developing it begins once the file `gate` exists."""
    return _marked(image, "hold", str(gate))


def crashing_decoder(image: bytes) -> bytes:
    """Reading it ends the decoder process with SIGSEGV."""
    return _marked(image, "decoder-crash")


def hanging_decoder(image: bytes) -> bytes:
    """Reading it in the decoder process never returns, and uses the processor all the while."""
    return _marked(image, "decoder-hang")


def stalling_decoder(image: bytes) -> bytes:
    """Reading it in the decoder process never returns, and uses nothing."""
    return _marked(image, "decoder-stall")


def lying_decoder(image: bytes) -> bytes:
    """The decoder process says that its pixels are more than they are."""
    return _marked(image, "decoder-lie")


def hungry_decoder(image: bytes) -> bytes:
    """Reading it takes all the memory that the decoder process may have."""
    return _marked(image, "decoder-memory")


def fault_in(file: bytes) -> tuple[str, str] | None:
    """The mark of a file and its argument; None when it has none."""
    _, found, mark = file.rpartition(_MARK)
    if not found:
        return None
    fault, _, argument = mark.decode().partition(":")
    return fault, argument


def _marked(image: bytes, fault: str, argument: str = "") -> bytes:
    return image + _MARK + f"{fault}:{argument}".encode()
