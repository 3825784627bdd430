"""Limits the pending images of each client, so that one client cannot fill the queue before all others.

The truth is the store's index of pending images, read every second or so: it survives restarts, knows the images of
other replicas, and lets go of an image when that has its result. In between, this replica counts what it accepts.
"""

import asyncio
from collections import Counter
from datetime import timedelta
from time import monotonic
from typing import Final

import structlog

from common.errors import TransientError, UnreadableRecordError
from common.store import Store
from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem
from services.api.limits.clients import pending_key

log = structlog.get_logger(__name__)

_INTERVAL_SECONDS: Final = 1.0
_MAX_SHARE: Final = 0.1  # of the time may be spent on reading the index
_READS_AT_ONCE: Final = 16
_RETRY_AFTER: Final = {"Retry-After": "5"}
_ANY_AGE: Final = timedelta(days=-1)  # what a clock ahead of ours has dated, too
_NOBODY: Final = ""  # what has no client, or no record that can be read, counts for nobody


class PendingQuota:
    """Counts the pending images of each client: at most `limit`, 0 for any number.

    Of the index `max_pending` images are looked at: the backlog is bounded by that, and so is this object's memory.
    """

    def __init__(self, images: Store, *, limit: int, max_pending: int) -> None:
        self._images = images
        self._limit = limit
        self._max_pending = max_pending
        self._clients: dict[str, str] = {}  # by image
        self._counts: Counter[str] = Counter()
        self._assigned: set[str] = set()  # since the index was read last

    def reserve(self, client: str) -> None:
        """Count one image more of this client's. Raises Problem 429 when it has as many as it may."""
        if self._limit and self._counts[client] >= self._limit:
            detail = f"{self._limit} images of this client wait or are in hand, which is the limit; try again later"
            raise Problem(
                ProblemCode.TOO_MANY_PENDING_IMAGES, detail, headers=_RETRY_AFTER, limit=self._limit
            )
        self._counts[client] += 1

    def release(self, client: str) -> None:
        """Count one image less of this client's."""
        self._counts[client] -= 1
        if self._counts[client] <= 0:
            del self._counts[client]

    def assign(self, client: str, image_id: str) -> None:
        """Make what was reserved the place of this image, which the store's index already holds."""
        self._forget(image_id)
        self._clients[image_id] = client
        self._assigned.add(image_id)

    async def refresh(self) -> None:
        """Bring the counts in line with the store. Raises TransientError."""
        self._assigned.clear()
        listed = await self._list()
        for image_id in [each for each in self._clients if each not in listed]:
            if image_id not in self._assigned:
                self._forget(image_id)
        unknown = [image_id for image_id in listed if image_id not in self._clients]
        for start in range(0, len(unknown), _READS_AT_ONCE):
            await asyncio.gather(*map(self._identify, unknown[start : start + _READS_AT_ONCE]))

    async def _list(self) -> set[str]:
        # In this order: an image that is published in between is in both or in the second, never in none.
        unpublished = await self._images.unpublished(older_than=_ANY_AGE, limit=self._max_pending)
        unfinished = await self._images.unfinished(older_than=_ANY_AGE, limit=self._max_pending)
        return {*unpublished, *unfinished}

    async def run(self) -> None:
        """Refresh every second until cancelled; less often where that takes long."""
        delay = _INTERVAL_SECONDS
        while True:
            await asyncio.sleep(delay)
            started = monotonic()
            try:
                await self.refresh()
            except TransientError as error:
                log.error("pending_quota.round_failed", reason=str(error))
            delay = max(_INTERVAL_SECONDS, (monotonic() - started) / _MAX_SHARE)

    async def _identify(self, image_id: str) -> None:
        """Count an image that another replica, or a process before this one, has accepted."""
        client = await self._client_of(image_id)
        if client is not None and image_id not in self._clients:
            self._clients[image_id] = client
            self._counts[client] += 1

    async def _client_of(self, image_id: str) -> str | None:
        """Return the client that the image counts for; None when the store does not tell at this moment."""
        try:
            record = await self._images.read(image_id)
        except UnreadableRecordError:
            return _NOBODY
        except TransientError:
            return None
        if record is None or record.result is not None:
            return _NOBODY
        return pending_key(record.manifest.owner, record.manifest.client)

    def _forget(self, image_id: str) -> None:
        client = self._clients.pop(image_id, None)
        if client is not None:
            self.release(client)
