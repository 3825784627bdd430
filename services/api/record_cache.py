"""Reads records for the endpoints: completed ones are cached for a second, lists hold few whole ones at a time."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import Final, TypeVar

import msgspec
import structlog
from cachetools import TTLCache

from common.errors import UnreadableRecordError
from common.model.records import Record
from common.model.status import status_of
from common.store import Store

log = structlog.get_logger(__name__)

_T = TypeVar("_T")

_SECONDS: Final = 1.0  # for so long an image may be shown here that another replica has deleted
_READS_AT_ONCE: Final = (
    32  # whole records in memory at a time for lists and retries, of all requests together
)
_BYTES_PER_ENCODED_BYTE: Final = 4  # what a record takes in memory, measured over small and large ones
_OVERHEAD_BYTES: Final = 1024


@dataclass(frozen=True)
class CachedRecord:
    """A record, and what `GET /status` answers of it."""

    record: Record

    @cached_property
    def status(self) -> bytes:
        """The public status as JSON."""
        return msgspec.json.encode(status_of(self.record))


class RecordCache:
    """Caches the records of completed images for a second: they no longer change, they can only be deleted.

    The cache takes `max_bytes` of memory at most, as far as can be estimated.
    """

    def __init__(self, store: Store, *, max_bytes: int, clock: Callable[[], float] = monotonic) -> None:
        self._store = store
        self._cache: TTLCache[str, CachedRecord] = TTLCache(
            max_bytes, ttl=_SECONDS, timer=clock, getsizeof=estimate_bytes
        )
        self._deletions = 0
        self._reads = asyncio.Semaphore(_READS_AT_ONCE)

    async def read(self, image_id: str) -> CachedRecord | None:
        """Return what is known of an image; None when there is no such image."""
        cached = self._cache.get(image_id)
        if cached is not None:
            return cached
        deletions = self._deletions
        record = await self._store.read(image_id)
        if record is None:
            return None
        read = CachedRecord(record)
        # What was read while an image was deleted here may be that one.
        if record.status == "completed" and deletions == self._deletions:
            with suppress(ValueError):  # larger than the whole cache
                self._cache[image_id] = read
        return read

    async def select(
        self, image_ids: Sequence[str], choose: Callable[[Record], _T | None]
    ) -> list[_T | None]:
        """Return what `choose` makes of each image's record: None for what is gone or cannot be read.

        The records themselves are let go of at once: they may be a hundred kilobytes each.
        """
        return await asyncio.gather(*(self._select_one(image_id, choose) for image_id in image_ids))

    async def _select_one(self, image_id: str, choose: Callable[[Record], _T | None]) -> _T | None:
        async with self._reads:
            try:
                record = await self._store.read(image_id)
            except UnreadableRecordError:
                log.error("record.unreadable", image_id=image_id)
                return None
            return None if record is None else choose(record)

    def forget(self, image_id: str) -> None:
        """Drop the record of an image that was deleted."""
        self._deletions += 1
        self._cache.pop(image_id, None)


def estimate_bytes(cached: CachedRecord) -> int:
    """Return about how much memory a record takes with its status."""
    return _OVERHEAD_BYTES + _BYTES_PER_ENCODED_BYTE * len(msgspec.msgpack.encode(cached.record))
