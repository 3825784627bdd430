"""The store in memory as a whole: its catalog, its idempotency keys and its waiting events."""

import time
from datetime import datetime, timedelta

from common.errors import ImageGoneError
from common.model import image_ids
from common.store import IdempotencyRecord, PendingEvent
from tests.support.store.memory_state import Memory, oldest


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
        if kept is None:
            raise ImageGoneError("the image was deleted")
        if kept.result is None or kept.result.status != "failed":
            return False
        kept.failures.append(kept.result)
        kept.attempts_before, kept.attempt, kept.result = kept.result.attempt, None, None
        self.memory.unpublished[image_id] = time.time()
        return True

    async def restore_marks(self, image_ids: list[str]) -> list[str]:
        await self.memory.ask()
        marked = self.memory.unpublished | self.memory.unfinished
        kept = {each: self.memory.images[each] for each in image_ids if each in self.memory.images}
        restored = [each for each, image in kept.items() if image.result is None and each not in marked]
        self.memory.unpublished |= dict.fromkeys(restored, time.time())
        return restored

    async def sweep(self, *, older_than: timedelta) -> int:
        await self.memory.ask()
        old = oldest(self.memory.incoming, older_than)
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
        old = oldest({key: claimed for key, (claimed, _) in self.memory.keys.items()}, older_than)
        for key in old:
            del self.memory.keys[key]
        return len(old)


class MemoryEvents:
    """Implements `EventOutbox`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    async def add(self, event: PendingEvent) -> None:
        await self.memory.ask()
        self.memory.events[_key(event)] = (time.time(), event)

    async def waiting(self, *, older_than: timedelta, limit: int) -> list[PendingEvent]:
        await self.memory.ask()
        due = oldest({key: added for key, (added, _) in self.memory.events.items()}, older_than)
        return [self.memory.events[key][1] for key in due[:limit]]

    async def remove(self, events: list[PendingEvent]) -> None:
        await self.memory.ask()
        for event in events:
            self.memory.events.pop(_key(event), None)


def _key(event: PendingEvent) -> str:
    return f"{event.image_id}.{event.type}.{event.attempt}"
