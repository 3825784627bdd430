"""Maintenance of the store, done by any replica: removes what crashes left and what has expired.

Each step does the same when another replica does it at the same time, so nobody has to be elected.
"""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from common.broker import Publisher
from common.errors import TransientError
from common.model.records import now
from common.store import Stores
from services.api.background.deletion import delete_image

log = structlog.get_logger(__name__)

_BATCH: Final = 500


class Maintenance:
    """Sweeps, expires and restores marks every `interval_seconds`; `retention` None keeps images forever."""

    def __init__(
        self,
        stores: Stores,
        publisher: Publisher,
        *,
        interval_seconds: float,
        staged_for: timedelta,
        keys_for: timedelta,
        retention: timedelta | None,
    ) -> None:
        self._stores = stores
        self._publisher = publisher
        self._interval = interval_seconds
        self._staged_for = staged_for
        self._keys_for = keys_for
        self._retention = retention
        self._examined_to: str | None = None

    async def run(self) -> None:
        """Sweep and expire until cancelled."""
        while True:
            await asyncio.sleep(self._interval)
            for step in (self._sweep, self._expire, self._restore_marks):
                try:
                    await step()
                except TransientError as error:
                    log.warning("maintenance.round_failed", step=step.__name__.strip("_"), reason=str(error))
                except Exception:
                    log.exception("maintenance.round_failed", step=step.__name__.strip("_"))

    async def _sweep(self) -> None:
        staged = await self._stores.catalog.sweep(older_than=self._staged_for)
        keys = await self._stores.keys.expire(older_than=self._keys_for)
        if staged or keys:
            log.info("maintenance.swept", staged=staged, keys=keys)

    async def _restore_marks(self) -> None:
        """Have the jobs published of images that neither have a result nor are marked as unfinished.

        There is none unless somebody touched the store's folders. A batch a round, from the newest on and around again.
        """
        page = await self._stores.catalog.page(before=self._examined_to, limit=_BATCH)
        self._examined_to = page[-1] if len(page) == _BATCH else None
        for image_id in await self._stores.catalog.restore_marks(page):
            log.warning("maintenance.mark_restored", image_id=image_id)

    async def _expire(self) -> None:
        if self._retention is None:
            return
        for image_id in await self._stores.catalog.expired(
            received_before=now() - self._retention, limit=_BATCH
        ):
            await delete_image(self._stores, self._publisher, image_id)
