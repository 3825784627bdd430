"""Files opened to be served: the descriptor is held, so that a file that is deleted meanwhile is read to its end."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from common.errors import StoreUnavailableError
from common.store.disk.thread_pool import Disk

CHUNK_BYTES: Final = 64 * 1024
"""What is read at once: a slow reader holds some of these, and below it the thread hops cost more than the reading."""


class OpenFile:
    """Implements `StoredFile` by an open descriptor."""

    redirect_url = None

    def __init__(self, descriptor: int, *, media_type: str, disk: Disk) -> None:
        stat = os.fstat(descriptor)
        self.size = stat.st_size
        self.etag = f'"{stat.st_ino:x}-{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        self.modified_at = datetime.fromtimestamp(stat.st_mtime, UTC)
        self.media_type = media_type
        self._descriptor: int | None = descriptor
        self._disk = disk

    async def open_range(self, start: int, stop: int) -> AsyncIterator[bytes]:
        while start < stop:
            data = await self._disk.run_batched(partial(self._read, min(CHUNK_BYTES, stop - start), start))
            if not data:
                raise StoreUnavailableError("a file of the store is shorter than it was")
            start += len(data)
            yield data

    def close(self) -> None:
        # Not in a thread: closing what was only read waits for nothing.
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __del__(self) -> None:
        # Nobody took it: the caller was cancelled while it was opened.
        self.close()

    def _read(self, count: int, start: int) -> bytes:
        if self._descriptor is None:  # the caller has gone
            return b""
        return os.pread(self._descriptor, count, start)


def open_if_there(path: Path, *, media_type: str, disk: Disk) -> OpenFile | None:
    """Open the file to be served as `media_type`; None when it is not there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return OpenFile(descriptor, media_type=media_type, disk=disk)
