"""Locks between threads, processes and machines that share a store; the system releases those of the dead."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, *, create: bool = False) -> Iterator[None]:
    """Hold the lock of a file, waiting for it. Raises FileNotFoundError when it is not there and not to be created."""
    # For writing, though nothing is written: NFS locks nothing that is open for reading alone.
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
