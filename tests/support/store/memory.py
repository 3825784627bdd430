"""The store in memory: a second adapter of the same protocols, for tests that need no disk and for faults at will."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile

from msgspec import structs

from common.errors import ImageGoneError
from common.model.records import Attempt, Record, Result, now
from common.store import ORIGINAL, Backlog, Stores
from tests.support.store.memory_files import MemoryFile, MemoryUpload
from tests.support.store.memory_index import MemoryCatalog, MemoryEvents, MemoryKeys
from tests.support.store.memory_state import Kept, Memory, oldest

__all__ = ["Memory", "MemoryEvents", "MemoryStore", "memory_stores"]


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

    async def read_result(self, image_id: str, attempt: int) -> Record | None:
        await self.memory.ask()
        kept = self.memory.images.get(image_id)
        for result in [kept.result, *kept.failures] if kept else []:
            if kept is not None and result is not None and result.attempt == attempt:
                return Record(manifest=kept.manifest, result=result)
        return None

    async def record_attempt(self, image_id: str, worker: str) -> Record | None:
        await self.memory.ask()
        kept = self.memory.images.get(image_id)
        if kept is not None and kept.result is None:
            before = await self.count_attempts(image_id)
            deaths = Record(manifest=kept.manifest, attempt=kept.attempt).deaths
            kept.attempt = Attempt(attempt=before + 1, worker=worker, started_at=now(), deaths=deaths)
        return await self.read(image_id)

    async def count_attempts(self, image_id: str) -> int:
        await self.memory.ask()
        kept = self.memory.images.get(image_id)
        if kept is None:
            return 0
        return kept.attempt.attempt if kept.attempt else kept.attempts_before

    async def record_attempt_end(self, image_id: str, attempt: int) -> None:
        await self.memory.ask()
        kept = self.memory.images.get(image_id)
        if kept and not kept.result and kept.attempt and kept.attempt.attempt == attempt:
            kept.attempt = structs.replace(kept.attempt, ended=True)

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
        if image_id in self.memory.images:
            self.memory.unpublished[image_id] = time.time()

    async def mark_published(self, image_ids: list[str]) -> None:
        await self.memory.ask()
        for image_id in image_ids:
            known = self.memory.unpublished.pop(image_id, None) or self.memory.unfinished.get(image_id)
            if known is not None:
                self.memory.unfinished[image_id] = time.time()

    async def unpublished(self, *, older_than: timedelta, limit: int) -> list[str]:
        await self.memory.ask()
        return oldest(self.memory.unpublished, older_than)[:limit]

    async def unfinished(self, *, older_than: timedelta, limit: int) -> list[str]:
        await self.memory.ask()
        return oldest(self.memory.unfinished, older_than)[:limit]

    async def claim_lost(self, image_ids: list[str], *, older_than: timedelta) -> list[str]:
        await self.memory.ask()
        old = set(oldest(self.memory.unfinished, older_than))
        claimed = [image_id for image_id in image_ids if image_id in old]
        for image_id in claimed:
            del self.memory.unfinished[image_id]
            self.memory.unpublished[image_id] = time.time()
        return claimed

    async def clear_pending(self, image_id: str) -> None:
        self.memory.unpublished.pop(image_id, None)
        self.memory.unfinished.pop(image_id, None)

    async def backlog(self) -> Backlog:
        await self.memory.ask()
        return Backlog(
            unpublished=len(self.memory.unpublished),
            unfinished=len(self.memory.unfinished),
            unannounced=len(self.memory.events),
        )

    async def ping(self) -> bool:
        await self.memory.ask()
        return True

    async def _kept(self, image_id: str) -> Kept:
        await self.memory.ask()
        if image_id not in self.memory.images:
            raise ImageGoneError("the image was deleted")
        return self.memory.images[image_id]


def memory_stores(memory: Memory | None = None) -> Stores:
    """A store in memory, by what one needs of it."""
    memory = memory or Memory()
    return Stores(
        images=MemoryStore(memory),
        catalog=MemoryCatalog(memory),
        keys=MemoryKeys(memory),
        events=MemoryEvents(memory),
    )
