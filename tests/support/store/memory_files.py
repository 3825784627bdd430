"""Files of the store in memory: as they arrive, and as they are served."""

import hashlib
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import BinaryIO, TypeVar

from common.model.records import Manifest
from common.store import ORIGINAL
from tests.support.store.memory_state import Kept, Memory

_T = TypeVar("_T")


class MemoryFile:
    """Implements `StoredFile`; reads in pieces of three bytes."""

    modified_at = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def __init__(self, data: bytes, media_type: str, memory: Memory) -> None:
        self.size = len(data)
        self.etag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        self.media_type = media_type
        self.redirect_url = memory.redirect_url
        self._data = data
        self._memory = memory
        self._closed = False
        memory.open_files += 1

    async def open_range(self, start: int, stop: int) -> AsyncIterator[bytes]:
        for begin in range(start, stop, 3):
            await self._memory.ask()
            yield self._data[begin : min(begin + 3, stop)]

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._memory.open_files -= 1


class MemoryUpload:
    """Implements `StagedUpload`."""

    def __init__(self, image_id: str, memory: Memory) -> None:
        self._image_id = image_id
        self._memory = memory
        self._data = bytearray()

    @property
    def size(self) -> int:
        return len(self._data)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self._data).hexdigest()

    async def write(self, data: bytes) -> None:
        await self._memory.ask()
        self._data += data
        self._memory.incoming[self._image_id] = time.time()

    async def inspect(self, examine: Callable[[BinaryIO], _T]) -> _T:
        return examine(BytesIO(self._data))

    async def commit(self, manifest: Manifest) -> None:
        await self._memory.ask()
        self._memory.unpublished[self._image_id] = time.time()
        self._memory.images[self._image_id] = Kept(manifest, {ORIGINAL: bytes(self._data)})
