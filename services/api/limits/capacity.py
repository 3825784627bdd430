"""Whether there is room for another upload: decided before its body is read, from figures taken a moment ago."""

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
    """What was found at the last look."""

    backlog: Backlog
    free_bytes: int

    @property
    def waiting(self) -> int:
        """Images accepted and not finished."""
        return self.backlog.unpublished + self.backlog.unfinished


class CapacityMonitor:
    """Refuses uploads while more than `max_backlog` images wait or less than `min_free_bytes` are free."""

    def __init__(self, stores: Stores, *, max_backlog: int, min_free_bytes: int) -> None:
        self._stores = stores
        self._max_backlog = max_backlog
        self._min_free = min_free_bytes
        self._room: Capacity | None = None

    @property
    def room(self) -> Capacity | None:
        """The last look; None while the store does not answer."""
        return self._room

    def check(self) -> None:
        """Raises Problem 503 with Retry-After when there is no room."""
        room = self._room
        if room is None:
            raise Problem(ProblemCode.STORE_UNAVAILABLE, "the store does not answer", headers=_RETRY_AFTER)
        if room.waiting >= self._max_backlog:
            detail = f"{room.waiting} images wait to be developed, {self._max_backlog} is the limit; try again later"
            raise Problem(ProblemCode.BACKLOG_FULL, detail, headers=_RETRY_AFTER, limit=self._max_backlog)
        if room.free_bytes < self._min_free:
            detail = f"less than {self._min_free} bytes are free; try again later"
            raise Problem(ProblemCode.DISK_RESERVE, detail, headers=_RETRY_AFTER, limit=self._min_free)

    async def look(self) -> None:
        """Take the figures anew."""
        try:
            self._room = Capacity(
                await self._stores.images.backlog(), await self._stores.catalog.free_bytes()
            )
        except TransientError as error:
            log.error("admission.blind", reason=str(error))
            self._room = None

    async def run(self) -> None:
        """Look again every second until cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL_SECONDS)
            await self.look()
