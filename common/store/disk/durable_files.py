"""Durable files: fsync the file, rename it, fsync its folder. A rename alone is atomic, not durable."""

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from common.errors import StoreFullError, StoreUnavailableError, TransientError

TEMPORARY_PREFIX: Final = ".tmp-"
_READ_BYTES: Final = 64 * 1024  # more than a record has
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def to_transient_error(error: OSError) -> TransientError:
    """Return what the file system said as an error of the tree. A missing file is a missing folder of the store."""
    if error.errno in _FULL:
        return StoreFullError("the store has no room left")
    if isinstance(error, FileNotFoundError):
        return StoreUnavailableError("the store's folders are missing")
    return StoreUnavailableError(f"the store cannot be used: {error.strerror}")


def write_file(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a new file with these bytes, on the disk unless it need not be durable."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_temporary(folder: Path, data: bytes, *, durable: bool = True) -> Path:
    """Write a new file in `folder`, under a name of its own; nothing is left of one that cannot be written."""
    path = folder / f"{TEMPORARY_PREFIX}{uuid4().hex}"
    try:
        write_file(path, data, durable=durable)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def replace_file(folder: Path, name: str, data: bytes, *, durable: bool = True) -> None:
    """Give `folder` a file `name` with these bytes: whole or not at all."""
    temporary = write_temporary(folder, data, durable=durable)
    try:
        temporary.replace(folder / name)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


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
    """Remove what writers that died, or came second, left in `folder`, if that is there."""
    with suppress(FileNotFoundError):
        for path in list_temporaries(folder):
            path.unlink(missing_ok=True)


def list_temporaries(folder: Path) -> list[Path]:
    """Return the files in `folder` that writers are at, or have left. Raises FileNotFoundError when it is not there."""
    with os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.name.startswith(TEMPORARY_PREFIX)]


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_nearest_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut; when it was removed meanwhile, those in the nearest above it."""
    while True:
        try:
            return sync_folder(folder)
        except FileNotFoundError:
            if folder == folder.parent:
                raise
            folder = folder.parent


def make_folder(folder: Path) -> None:
    """Create `folder` and what is missing above it, durably.

    Raises FileNotFoundError when a deletion removes empty folders at this moment: worth another try.
    """
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        with suppress(
            FileExistsError
        ):  # not by `exist_ok`, which raises this when the folder is removed meanwhile
            path.mkdir()
        sync_folder(path.parent)


def read_if_there(path: Path) -> bytes | None:
    """Return the file's bytes; None when it is not there.

    By the bare system calls: `Path.read_bytes` makes thrice as many, and at each of them a busy event loop takes the
    interpreter's lock away.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        data = piece = os.read(descriptor, _READ_BYTES)
        while len(piece) == _READ_BYTES:
            piece = os.read(descriptor, _READ_BYTES)
            data += piece
        return data
    finally:
        os.close(descriptor)
