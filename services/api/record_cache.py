"""Completed images that were asked for a moment ago: their records no longer change, they can only vanish."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import Final

import msgspec

from common.model.records import Record
from common.model.status import status_of
from common.store import Store

_SECONDS: Final = 1.0  # for so long an image may be shown here that another replica has deleted
_MOST: Final = 4096  # some 20 MiB


@dataclass(frozen=True)
class CachedRecord:
    """A record, and what `GET /status` answers of it."""

    record: Record

    @cached_property
    def status(self) -> bytes:
        """The public status as JSON."""
        return msgspec.json.encode(status_of(self.record))


class RecordCache:
    """Reads records by way of a memory of the last second, in which whoever polls and fetches comes back."""

    def __init__(self, store: Store, clock: Callable[[], float] = monotonic) -> None:
        self._store = store
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, CachedRecord]] = OrderedDict()
        self._forgotten = 0

    async def read(self, image_id: str) -> CachedRecord | None:
        """What is known of an image; None when there is no such image."""
        kept = self._kept.get(image_id)
        if kept is not None and self._clock() < kept[0]:
            return kept[1]
        forgotten = self._forgotten
        record = await self._store.read(image_id)
        if record is None:
            return None
        known = CachedRecord(record)
        # What was read while an image was deleted here may be that one.
        if record.status == "completed" and forgotten == self._forgotten:
            self._keep(image_id, known)
        return known

    def forget(self, image_id: str) -> None:
        """The image was deleted."""
        self._forgotten += 1
        self._kept.pop(image_id, None)

    def _keep(self, image_id: str, known: CachedRecord) -> None:
        self._kept.pop(image_id, None)
        self._kept[image_id] = (self._clock() + _SECONDS, known)
        if len(self._kept) > _MOST:
            self._kept.popitem(last=False)
