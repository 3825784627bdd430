"""The store in memory: a second adapter of the same protocols, for tests that need no disk and for faults at will."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, TypeVar

from common.errors import ImageGoneError
from common.model import image_ids
from common.model.records import (
    Attempt,
    Manifest,
    Record,
    Result,
    now,
)
from common.store import ORIGINAL, Backlog, IdempotencyRecord, Stores

_T = TypeVar("_T")


@dataclass
class Kept:
    """One image."""

    manifest: Manifest
    files: dict[str, bytes]
    attempt: Attempt | None = None
    result: Result | None = None
    attempts_before: int = 0


@dataclass
class Memory:
    """What the three adapters share. `fault` is raised by every operation while it is set."""

    images: dict[str, Kept] = field(default_factory=dict)
    incoming: dict[str, float] = field(default_factory=dict)
    unpublished: dict[str, float] = field(default_factory=dict)
    unfinished: dict[str, float] = field(default_factory=dict)
    keys: dict[str, tuple[float, IdempotencyRecord]] = field(default_factory=dict)
    free: int = 10**12
    redirect_url: str | None = None
    open_files: int = 0
    fault: Exception | None = None

    async def ask(self) -> None:
        """Let others run, as a disk would, and fail if it is to."""
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault


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


class MemoryStore:
    """Implements `Store`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    @asynccontextmanager
    async def stage(self, image_id: str) -> AsyncIterator[MemoryUpload]:
        await self.memory.ask()
        self.memory.incoming[image_id] = time.time()
        try:
            yield MemoryUpload(image_id, self.memory)
        finally:
            self.memory.incoming.pop(image_id, None)

    async def read(self, image_id: str) -> Record | None:
        await self.memory.ask()
        kept = self.memory.images.get(image_id)
        if kept is None:
            return None
        return Record(
            manifest=kept.manifest, attempt=None if kept.result else kept.attempt, result=kept.result
        )

    async def record_attempt(self, image_id: str, worker: str) -> Record | None:
        await self.memory.ask()
        kept = self.memory.images.get(image_id)
        if kept is not None and kept.result is None:
            before = kept.attempt.attempt if kept.attempt else kept.attempts_before
            kept.attempt = Attempt(attempt=before + 1, worker=worker, started_at=now())
        return await self.read(image_id)

    async def record_result(self, result: Result, outputs: Mapping[str, bytes]) -> Result:
        kept = await self._kept(result.image_id)
        if kept.result is None:
            kept.files |= outputs
            kept.result = result
        await self.clear_pending(result.image_id)
        return kept.result

    @asynccontextmanager
    async def original(self, image_id: str) -> AsyncIterator[Path]:
        kept = await self._kept(image_id)
        with NamedTemporaryFile() as file:
            file.write(kept.files[ORIGINAL])
            file.flush()
            yield Path(file.name)

    async def open_file(self, image_id: str, filename: str, *, media_type: str) -> MemoryFile | None:
        await self.memory.ask()
        kept = self.memory.images.get(image_id)
        data = kept.files.get(filename) if kept else None
        return None if kept is None or data is None else MemoryFile(data, media_type, self.memory)

    async def mark_unpublished(self, image_id: str) -> None:
        await self.memory.ask()
        self.memory.unpublished[image_id] = time.time()

    async def mark_published(self, image_ids: list[str]) -> None:
        await self.memory.ask()
        for image_id in image_ids:
            known = self.memory.unpublished.pop(image_id, None) or self.memory.unfinished.get(image_id)
            if known is not None:
                self.memory.unfinished[image_id] = time.time()

    async def unpublished(self, *, older_than: timedelta, limit: int) -> list[str]:
        await self.memory.ask()
        return _oldest(self.memory.unpublished, older_than)[:limit]

    async def unfinished(self, *, older_than: timedelta, limit: int) -> list[str]:
        await self.memory.ask()
        return _oldest(self.memory.unfinished, older_than)[:limit]

    async def clear_pending(self, image_id: str) -> None:
        self.memory.unpublished.pop(image_id, None)
        self.memory.unfinished.pop(image_id, None)

    async def backlog(self) -> Backlog:
        await self.memory.ask()
        return Backlog(unpublished=len(self.memory.unpublished), unfinished=len(self.memory.unfinished))

    async def ping(self) -> bool:
        await self.memory.ask()
        return True

    async def _kept(self, image_id: str) -> Kept:
        await self.memory.ask()
        if image_id not in self.memory.images:
            raise ImageGoneError("the image was deleted")
        return self.memory.images[image_id]


class MemoryCatalog:
    """Implements `Catalog`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    async def page(self, *, before: str | None, limit: int) -> list[str]:
        await self.memory.ask()
        newest_first = sorted(self.memory.images, reverse=True)
        return [each for each in newest_first if before is None or each < before][:limit]

    async def expired(self, *, received_before: datetime, limit: int) -> list[str]:
        await self.memory.ask()
        bound = image_ids.lowest_at(received_before)
        return [each for each in sorted(self.memory.images) if each < bound][:limit]

    async def delete(self, image_id: str) -> bool:
        await self.memory.ask()
        self.memory.unpublished.pop(image_id, None)
        self.memory.unfinished.pop(image_id, None)
        return self.memory.images.pop(image_id, None) is not None

    async def reopen(self, image_id: str) -> bool:
        await self.memory.ask()
        kept = self.memory.images.get(image_id)
        if kept is None or kept.result is None or kept.result.status != "failed":
            return False
        kept.attempts_before, kept.attempt, kept.result = kept.result.attempt, None, None
        self.memory.unpublished[image_id] = time.time()
        return True

    async def sweep(self, *, older_than: timedelta) -> int:
        await self.memory.ask()
        old = _oldest(self.memory.incoming, older_than)
        for image_id in old:
            del self.memory.incoming[image_id]
        return len(old)

    async def free_bytes(self) -> int:
        await self.memory.ask()
        return self.memory.free


class MemoryKeys:
    """Implements `IdempotencyKeys`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    async def claim(self, key: str, claim: IdempotencyRecord) -> IdempotencyRecord:
        await self.memory.ask()
        _, standing = self.memory.keys.get(key, (0.0, None))
        if standing is not None and all(each in self.memory.images for each in standing.image_ids):
            return standing
        self.memory.keys[key] = (time.time(), claim)
        return claim

    async def expire(self, *, older_than: timedelta) -> int:
        await self.memory.ask()
        old = _oldest({key: claimed for key, (claimed, _) in self.memory.keys.items()}, older_than)
        for key in old:
            del self.memory.keys[key]
        return len(old)


def memory_stores() -> Stores:
    """A store in memory, by what one needs of it."""
    memory = Memory()
    return Stores(images=MemoryStore(memory), catalog=MemoryCatalog(memory), keys=MemoryKeys(memory))


def _oldest(noted: Mapping[str, float], older_than: timedelta) -> list[str]:
    before = time.time() - older_than.total_seconds()
    return sorted(each for each, touched in noted.items() if touched <= before)
