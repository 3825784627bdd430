"""Sends the events that wait in the store to the fanout: those that the broker refused or did not confirm.

The broker refuses an event when any queue bound to the fanout is full, and has given it to the others by then. So one
event is tried at a time, ever more rarely, until it is taken; the others follow it at once.
"""

import asyncio
import random
from datetime import timedelta
from typing import Final

import structlog

from common.broker import Publisher
from common.errors import BrokerUnavailableError, TransientError, UnreadableRecordError
from common.model.messages import Event, deleted_event, finished_event
from common.model.records import now
from common.model.status import status_of
from common.store import PendingEvent, Stores

log = structlog.get_logger(__name__)

_INTERVAL_SECONDS: Final = 1.0
_MAX_DELAY_SECONDS: Final = 60.0
_BATCH: Final = 512
_AT_ONCE: Final = 32  # confirms in flight together: more gains nothing on one connection
_DELETION_MAY_TAKE: Final = timedelta(hours=1)  # until a deletion that did not happen counts as given up


class EventRelay:
    """Sends waiting events; every replica may run one, and a repeated event carries the id of the first.

    `grace_period` is how long an event is left to the process that stored it.
    """

    def __init__(self, stores: Stores, publisher: Publisher, *, grace_period: timedelta) -> None:
        self._stores = stores
        self._publisher = publisher
        self._grace_period = grace_period
        self._delay = _INTERVAL_SECONDS

    async def run(self) -> None:
        """Send what waits until cancelled."""
        while True:
            await asyncio.sleep(self._delay * random.uniform(0.75, 1.0))  # noqa: S311 - jitter is no secret
            try:
                await self.relay()
            except BrokerUnavailableError as error:
                self._delay = min(self._delay * 2, _MAX_DELAY_SECONDS)
                log.warning("event.deferred", reason=str(error), next_try_seconds=self._delay)
            except TransientError as error:
                log.warning("event_relay.round_failed", reason=str(error))
            except Exception:
                log.exception("event_relay.round_failed")  # the next round may fare better
            else:
                self._delay = _INTERVAL_SECONDS

    async def relay(self) -> None:
        """Send all that waits, the first alone. Raises BrokerUnavailableError when the broker does not take one."""
        if not self._publisher.connected:
            return
        waiting = await self._stores.events.waiting(older_than=self._grace_period, limit=_BATCH)
        if not waiting:
            return
        # Any of them, so that the same event is not sent to everybody who listens again and again.
        random.shuffle(waiting)
        await self._send(waiting[:1])
        for start in range(1, len(waiting), _AT_ONCE):
            await self._send(waiting[start : start + _AT_ONCE])

    async def _send(self, events: list[PendingEvent]) -> None:
        outcomes = await asyncio.gather(*map(self._send_one, events), return_exceptions=True)
        done = [event for event, outcome in zip(events, outcomes, strict=True) if outcome is True]
        await self._stores.events.remove(done)
        if done:
            log.info("event.relayed", count=len(done))
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _send_one(self, pending: PendingEvent) -> bool:
        """Return whether the event is done with: it was sent, or has nothing to say."""
        if await self._is_deletion_under_way(pending):
            # To the end of those that wait: many that stay must not keep others from being sent.
            await self._stores.events.add(pending)
            return False
        event = await self._event_of(pending)
        if event is not None:
            await self._publisher.publish_event(event)
        return True

    async def _is_deletion_under_way(self, pending: PendingEvent) -> bool:
        """Return whether the image may yet be deleted by the process that added the event, however slow it is."""
        if pending.type != "image.deleted" or abs(now() - pending.occurred_at) >= _DELETION_MAY_TAKE:
            return False
        try:
            return await self._stores.images.read(pending.image_id) is not None
        except UnreadableRecordError:
            return True

    async def _event_of(self, pending: PendingEvent) -> Event | None:
        """Return the event to be published; None when it has become untrue, or nothing is left to say."""
        try:
            if pending.type == "image.deleted":
                is_there = await self._stores.images.read(pending.image_id) is not None
                return None if is_there else deleted_event(pending.image_id, pending.occurred_at)
            record = await self._stores.images.read_result(pending.image_id, pending.attempt)
        except UnreadableRecordError:
            log.error("record.unreadable", image_id=pending.image_id)
            return None
        if record is None or record.result is None:
            return None  # the image was deleted, which has an event of its own
        return finished_event(status_of(record), record.result)
