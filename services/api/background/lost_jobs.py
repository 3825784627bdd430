"""Finds images whose job the broker has lost, and publishes it again: a queue may be deleted, a disk replaced.

The store knows every image that was published and has no result; the broker knows how many messages it holds. When the
store has more images than the broker has messages, the difference is being processed or lost. The queue delivers in
order, so the images of the store are examined from the oldest on, until as many are found as are missing.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from common.broker import Publisher, topology
from common.errors import TransientError, UnreadableRecordError
from common.model.records import Attempt, now
from common.store import Stores
from services.api.background.outbox import Outbox

log = structlog.get_logger(__name__)

_INTERVAL_SECONDS: Final = 10.0
_SETTLED: Final = timedelta(seconds=5)  # younger marks may be about to change
_BATCH: Final = 500


class LostJobFinder:
    """Requeues lost jobs. An image that a worker took up counts as lost after `in_hand_for` without a result.

    While jobs wait for their next try, which is `longest_delay` at most, that much is added.
    """

    def __init__(
        self,
        stores: Stores,
        publisher: Publisher,
        outbox: Outbox,
        *,
        in_hand_for: timedelta,
        longest_delay: timedelta,
    ) -> None:
        self._stores = stores
        self._publisher = publisher
        self._outbox = outbox
        self._in_hand_for = in_hand_for
        self._waiting_for = in_hand_for + longest_delay

    async def run(self) -> None:
        """Requeue lost jobs once the broker is reached, and every few seconds, until cancelled."""
        await self._publisher.wait_open()
        while True:
            try:
                while await self.requeue() == _BATCH:
                    pass
            except TransientError as error:
                log.warning("lost_jobs.round_failed", reason=str(error))
            except Exception:
                log.exception("lost_jobs.round_failed")  # the next round may fare better
            await asyncio.sleep(_INTERVAL_SECONDS)

    async def requeue(self) -> int:
        """Publish again what neither the broker nor a worker can have; return how many jobs that were."""
        # In this order: a job that is taken or finished meanwhile is found to be so, and none is counted as missing.
        unfinished = (await self._stores.images.backlog()).unfinished
        if not unfinished:
            return 0
        queued = await self._publisher.count_queued_jobs()
        missing = unfinished - sum(queued.values())
        if missing <= 0:
            return 0
        retrying = sum(count for name, count in queued.items() if name not in (topology.JOBS, topology.DEAD))
        return await self._publish(await self._find(missing, limit=unfinished, tally=_Tally(retrying)))

    async def _find(self, missing: int, *, limit: int, tally: "_Tally") -> list[str]:
        """Return the oldest lost images: no more than are missing, less those that workers have."""
        lost: list[str] = []
        for image_id in await self._stores.images.unfinished(older_than=_SETTLED, limit=limit):
            if len(lost) >= min(missing - tally.in_hand, _BATCH):
                break
            if await self._is_lost(image_id, tally):
                lost.append(image_id)
        return lost

    async def _publish(self, image_ids: list[str]) -> int:
        # Claimed first, so that of several replicas one publishes; should it die, the outbox's relay does.
        claimed = await self._stores.images.claim_lost(image_ids, older_than=_SETTLED)
        for image_id in claimed:
            log.warning("lost_jobs.requeued", image_id=image_id)
            await self._outbox.publish(image_id)
        return len(claimed)

    async def _is_lost(self, image_id: str, tally: "_Tally") -> bool:
        """Return whether neither broker nor worker has the image; clear the mark of one that is finished or gone."""
        try:
            record = await self._stores.images.read(image_id)
        except UnreadableRecordError:
            log.error("record.unreadable", image_id=image_id)
            return True  # the worker that gets it records that it failed
        if record is not None and record.result is None:
            return record.attempt is None or not self._excuses(record.attempt, tally)
        await self._stores.images.clear_pending(image_id)
        return False

    def _excuses(self, attempt: Attempt, tally: "_Tally") -> bool:
        """Return whether a worker, or a queue for retries, may have an image that was tried; count it there."""
        # A start in the future is one by a clock that was set back, and no reason to wait for it.
        age = now() - attempt.started_at
        if timedelta(0) <= age < self._in_hand_for:
            tally.recent += 1
            return True
        if tally.waiting < tally.retrying and timedelta(0) <= age < self._waiting_for:
            tally.waiting += 1
            return True
        return False


@dataclass
class _Tally:
    """Counts the images that were tried before, of which `retrying` wait in the broker for their next try.

    `recent` are those tried a short while ago: by a worker that is at it still, or in vain. `waiting` are the others.
    """

    retrying: int
    recent: int = 0
    waiting: int = 0

    @property
    def in_hand(self) -> int:
        """Return how many images workers have: those recently tried that are not among the waiting messages."""
        return max(0, self.recent - (self.retrying - self.waiting))
