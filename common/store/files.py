"""Durable files: fsync the file, rename it, fsync its folder. A rename alone is atomic, not durable."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from common.errors import StoreFullError, StoreUnavailableError

TEMPORARY_PREFIX: Final = ".tmp-"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn what the file system says into the errors of the tree; a missing file stays FileNotFoundError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFullError("the store has no room left") from error
        raise StoreUnavailableError(f"the store cannot be used: {error.strerror}") from error


def write_temporary(folder: Path, data: bytes, *, durable: bool = True) -> Path:
    """A new file in `folder`, under a name of its own, with its bytes on the disk."""
    path = folder / f"{TEMPORARY_PREFIX}{uuid4().hex}"
    try:
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def replace_file(folder: Path, name: str, data: bytes, *, durable: bool = True) -> None:
    """Give `folder` a file `name` with these bytes: whole or not at all."""
    write_temporary(folder, data, durable=durable).replace(folder / name)


def create_file(folder: Path, name: str, data: bytes) -> bool:
    """Create the file if nobody else has; False when it is there already. A link, unlike a rename, never replaces."""
    temporary = write_temporary(folder, data)
    try:
        (folder / name).hardlink_to(temporary)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    return True


def remove_temporaries(folder: Path) -> None:
    """Remove what writers that died, or came second, left in `folder`."""
    for path in folder.glob(f"{TEMPORARY_PREFIX}*"):
        path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Create `folder` and what is missing above it, durably."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def read_if_there(path: Path) -> bytes | None:
    """The file's bytes, or None."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
