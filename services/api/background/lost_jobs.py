"""Finds images whose job the broker has lost, and publishes it again: a queue may be deleted, a disk replaced.

The store knows every image that was published and has no result; the broker knows how many messages it holds. When the
store has more images than the broker has messages, the difference is being processed or lost. The queue delivers in
order, so the oldest images of the store are examined.
"""

import asyncio
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
    """Requeues lost jobs. An image that a worker took up counts as lost after `in_hand_for` without a result."""

    def __init__(
        self, stores: Stores, publisher: Publisher, outbox: Outbox, *, in_hand_for: timedelta
    ) -> None:
        self._stores = stores
        self._publisher = publisher
        self._outbox = outbox
        self._in_hand_for = in_hand_for

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
        oldest = await self._stores.images.unfinished(older_than=_SETTLED, limit=min(missing, _BATCH))
        retrying = any(count for name, count in queued.items() if name not in (topology.JOBS, topology.DEAD))
        lost = [image_id for image_id in oldest if await self._is_lost(image_id, retrying=retrying)]
        return await self._publish(lost)

    async def _publish(self, image_ids: list[str]) -> int:
        # Claimed first, so that of several replicas one publishes; should it die, the outbox's relay does.
        claimed = await self._stores.images.claim_lost(image_ids, older_than=_SETTLED)
        for image_id in claimed:
            log.warning("lost_jobs.requeued", image_id=image_id)
            await self._outbox.publish(image_id)
        return len(claimed)

    async def _is_lost(self, image_id: str, *, retrying: bool) -> bool:
        """Return whether no message and no worker has the image; clear the mark of one that has its result or is gone.

        While jobs wait for their next try, an image that was tried before may be among them, however long ago.
        """
        try:
            record = await self._stores.images.read(image_id)
        except UnreadableRecordError:
            log.error("record.unreadable", image_id=image_id)
            return True  # the worker that gets it records that it failed
        if record is not None and record.result is None:
            return record.attempt is None or not (retrying or self._in_hand(record.attempt))
        await self._stores.images.clear_pending(image_id)
        return False

    def _in_hand(self, attempt: Attempt) -> bool:
        # A start in the future is one by a clock that was set back, and no reason to wait for it.
        return timedelta(0) <= now() - attempt.started_at < self._in_hand_for
