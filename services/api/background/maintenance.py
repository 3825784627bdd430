"""Upkeep of the store, done by any replica: what crashes left, what has expired, what lost its job.

Each step does the same when another replica does it at the same time, so nobody has to be elected.
"""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from common.broker import Publisher
from common.errors import BrokerUnavailableError, TransientError, UnreadableRecordError
from common.model.messages import Job, deleted_event
from common.model.records import now
from common.store import Stores

log = structlog.get_logger(__name__)

_BATCH: Final = 500


class Maintenance:
    """Sweeps every `interval_seconds`; `retention` None keeps images for ever."""

    def __init__(
        self,
        stores: Stores,
        publisher: Publisher,
        *,
        interval_seconds: float,
        staged_for: timedelta,
        keys_for: timedelta,
        retention: timedelta | None,
        missing_after: timedelta,
    ) -> None:
        self._stores = stores
        self._publisher = publisher
        self._interval = interval_seconds
        self._staged_for = staged_for
        self._keys_for = keys_for
        self._retention = retention
        self._missing_after = missing_after

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(self._interval)
            for step in (self._sweep, self._expire, self._requeue_lost_jobs):
                try:
                    await step()
                except TransientError as error:
                    log.warning("upkeep.delayed", step=step.__name__.strip("_"), reason=str(error))
                except Exception:
                    log.exception("upkeep.failed", step=step.__name__.strip("_"))

    async def _sweep(self) -> None:
        staged = await self._stores.catalog.sweep(older_than=self._staged_for)
        keys = await self._stores.keys.expire(older_than=self._keys_for)
        if staged or keys:
            log.info("upkeep.swept", staged=staged, keys=keys)

    async def _expire(self) -> None:
        if self._retention is None:
            return
        for image_id in await self._stores.catalog.expired(
            received_before=now() - self._retention, limit=_BATCH
        ):
            await remove(self._stores, self._publisher, image_id)

    async def _requeue_lost_jobs(self) -> None:
        """Publish again what was published long ago and has no result, once the job queue holds no more jobs.

        A queue that was deleted, or a broker that lost its disk, has forgotten jobs; the store has not.
        """
        noted = await self._stores.images.unfinished(older_than=self._missing_after, limit=_BATCH)
        missing = [image_id for image_id in noted if await self._is_missing(image_id)]
        if not missing or await self._publisher.jobs_waiting():
            return
        for image_id in missing:
            log.warning("upkeep.job_missing", image_id=image_id)
            await self._publisher.publish_job(Job(image_id=image_id))
            await self._stores.images.mark_published([image_id])

    async def _is_missing(self, image_id: str) -> bool:
        """Whether the image waits for a result; the note of one that does not is forgotten."""
        try:
            record = await self._stores.images.read(image_id)
        except UnreadableRecordError:
            log.error("record.unreadable", image_id=image_id)
            return False
        if record is not None and record.result is None:
            return True
        await self._stores.images.clear_pending(image_id)
        return False


async def remove(stores: Stores, publisher: Publisher, image_id: str) -> bool:
    """Delete the image and tell everybody; False when there was none. That the broker is away changes nothing."""
    if not await stores.catalog.delete(image_id):
        return False
    log.info("image.deleted", image_id=image_id)
    try:
        await publisher.publish_event(deleted_event(image_id))
    except BrokerUnavailableError as error:
        log.warning("image.deletion_unannounced", image_id=image_id, reason=str(error))
    return True
