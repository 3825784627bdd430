"""Publishes the job of every accepted image: at once, or later from the store when the broker did not confirm it.

The store marks every image whose job the broker has not confirmed. A publish that works turns the mark to unfinished;
one that does not leaves it for the relay, which any replica runs, after a restart as well.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from common.broker import Publisher
from common.errors import BrokerUnavailableError, TransientError
from common.model.messages import Job
from common.store import Stores

log = structlog.get_logger(__name__)

_MARK_SECONDS: Final = 0.2
_RELAY_SECONDS: Final = 1.0
_BATCH: Final = 512
_AT_ONCE: Final = 32  # confirms in flight together: more gains nothing on one connection


class Outbox:
    """Publishes jobs, and withdraws uploads whose request failed.

    `grace_period` is how long a mark is left to the request that made it before the relay takes it up.
    """

    def __init__(self, stores: Stores, publisher: Publisher, *, grace_period: timedelta) -> None:
        self._store = stores.images
        self._catalog = stores.catalog
        self._publisher = publisher
        self._grace_period = grace_period
        self._published: list[str] = []
        self._withdrawn: set[str] = set()

    async def publish(self, image_id: str) -> bool:
        """Publish the image's job; return False when it must wait in the store, where it survives a power cut."""
        try:
            await self._publisher.publish_job(Job(image_id=image_id))
        except BrokerUnavailableError as error:
            await self._store.mark_unpublished(image_id)
            log.warning("outbox.deferred", image_id=image_id, reason=str(error))
            return False
        self._published.append(image_id)
        return True

    async def withdraw(self, image_ids: list[str]) -> None:
        """Delete images whose upload was not accepted; those that the store cannot delete now are tried again."""
        self._withdrawn.update(image_ids)
        try:
            await self._delete_withdrawn()
        except TransientError as error:
            log.warning("outbox.not_withdrawn", count=len(self._withdrawn), reason=str(error))

    async def run(self) -> None:
        """Mark, relay and withdraw until cancelled; what is confirmed by then is marked still."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_forever(self._mark_published, _MARK_SECONDS))
                group.create_task(_forever(self._relay, _RELAY_SECONDS))
                group.create_task(_forever(self._delete_withdrawn, _RELAY_SECONDS))
        finally:
            await self._mark_published()

    async def _delete_withdrawn(self) -> None:
        for image_id in list(self._withdrawn):
            await self._catalog.delete(image_id)
            self._withdrawn.discard(image_id)

    async def _mark_published(self) -> None:
        """Mark many images in one thread hop: should the process die before, a job is published twice."""
        if batch := self._published[:]:
            await self._store.mark_published(batch)
            del self._published[: len(batch)]

    async def _relay(self) -> None:
        if not self._publisher.connected:
            return
        waiting = await self._store.unpublished(older_than=self._grace_period, limit=_BATCH)
        waiting = [image_id for image_id in waiting if image_id not in self._withdrawn]
        for start in range(0, len(waiting), _AT_ONCE):
            await self._relay_together(waiting[start : start + _AT_ONCE])

    async def _relay_together(self, image_ids: list[str]) -> None:
        outcomes = await asyncio.gather(*(self._relay_one(image_id) for image_id in image_ids))
        sent = [image_id for image_id, confirmed in zip(image_ids, outcomes, strict=True) if confirmed]
        await self._store.mark_published(sent)
        log.info("outbox.relayed", sent=len(sent), waiting=len(image_ids) - len(sent))
        if not sent:
            raise BrokerUnavailableError("the broker confirms nothing")

    async def _relay_one(self, image_id: str) -> bool:
        try:
            # The first publish after an outage must not wait for one that works.
            await self._publisher.publish_job(Job(image_id=image_id), bypass_breaker=True)
        except BrokerUnavailableError:
            return False
        return True


async def _forever(step: Callable[[], Awaitable[None]], seconds: float) -> None:
    while True:
        try:
            await step()
        except TransientError as error:
            log.warning("outbox.round_failed", reason=str(error))
        except Exception:
            log.exception("outbox.round_failed")  # without a next round nothing would be relayed
        await asyncio.sleep(seconds)
