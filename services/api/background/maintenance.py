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
    """Sweeps and expires every `interval_seconds`; `retention` None keeps images forever."""

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

    async def run(self) -> None:
        """Sweep and expire until cancelled."""
        while True:
            await asyncio.sleep(self._interval)
            for step in (self._sweep, self._expire):
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

    async def _expire(self) -> None:
        if self._retention is None:
            return
        for image_id in await self._stores.catalog.expired(
            received_before=now() - self._retention, limit=_BATCH
        ):
            await delete_image(self._stores, self._publisher, image_id)
