"""Refuses images while the service has no capacity for them, by figures that are read every second."""

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog

from common.errors import TransientError
from common.store import Backlog, Stores
from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem

log = structlog.get_logger(__name__)

_INTERVAL_SECONDS: Final = 1.0
_RETRY_AFTER: Final = {"Retry-After": "10"}


@dataclass(frozen=True)
class Capacity:
    """The figures of one moment."""

    backlog: Backlog
    free_bytes: int

    @property
    def waiting(self) -> int:
        """Images accepted and not finished."""
        return self.backlog.unpublished + self.backlog.unfinished


class CapacityMonitor:
    """Refuses images while `max_backlog` of them wait or less than `min_free_bytes` are free."""

    def __init__(self, stores: Stores, *, max_backlog: int, min_free_bytes: int) -> None:
        self._stores = stores
        self._max_backlog = max_backlog
        self._min_free = min_free_bytes
        self._capacity: Capacity | None = None
        self._in_progress = 0  # admitted, and neither accepted nor given up
        self._accepted = 0  # since the figures were taken

    @property
    def capacity(self) -> Capacity | None:
        """The figures taken last; None while the store does not answer."""
        return self._capacity

    def check(self) -> None:
        """Raise Problem 503 with Retry-After when there is no capacity for one image more."""
        capacity = self._capacity
        if capacity is None:
            raise Problem(ProblemCode.STORE_UNAVAILABLE, "the store does not answer", headers=_RETRY_AFTER)
        waiting = capacity.waiting + self._in_progress + self._accepted
        if waiting >= self._max_backlog:
            detail = (
                f"{waiting} images wait to be developed, {self._max_backlog} is the limit; try again later"
            )
            raise Problem(ProblemCode.BACKLOG_FULL, detail, headers=_RETRY_AFTER, limit=self._max_backlog)
        if capacity.free_bytes < self._min_free:
            detail = f"less than {self._min_free} bytes are free; try again later"
            raise Problem(ProblemCode.DISK_RESERVE, detail, headers=_RETRY_AFTER, limit=self._min_free)

    def reserve(self) -> None:
        """Count an image that the figures do not hold yet, so that a second's burst cannot pass the limit."""
        self._in_progress += 1

    def accept(self) -> None:
        """Count one that was reserved as accepted."""
        self._in_progress -= 1
        self._accepted += 1

    def release(self) -> None:
        """Count one that was reserved no longer."""
        self._in_progress -= 1

    async def refresh(self) -> None:
        """Read the figures again."""
        accepted = self._accepted
        try:
            self._capacity = Capacity(
                await self._stores.images.backlog(), await self._stores.catalog.free_bytes()
            )
        except TransientError as error:
            log.error("capacity.round_failed", reason=str(error))
            self._capacity = None
        self._accepted -= accepted

    async def run(self) -> None:
        """Refresh every second until cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL_SECONDS)
            await self.refresh()
