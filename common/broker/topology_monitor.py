"""Keeps the topology there while a process runs: checks it every few seconds and declares again what is missing.

An operator, a policy or a broker that lost its disk may delete a queue, an exchange or a binding at any time, and
nobody is told of all of them. What readiness says comes from here.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from common.broker import topology
from common.broker.connection import end_task, is_set_within, really_cancelled
from common.errors import TopologyConflictError

log = structlog.get_logger(__name__)

_INTERVAL_SECONDS: Final = 3.0
_CHECK_TIMEOUT_SECONDS: Final = 5.0
_STOP_TIMEOUT_SECONDS: Final = 1.0
_STALE_SECONDS: Final = 10.0  # a check that is older says nothing about now


class TopologyMonitor:
    """Checks and repairs what `declared` names."""

    def __init__(self, declared: topology.Topology) -> None:
        self._topology = declared
        self._missing: tuple[str, ...] = ()
        self._checked_at = float("-inf")
        self._conflict: TopologyConflictError | None = None

    async def is_intact(self) -> bool:
        """Return whether the last check, a few seconds ago at most, found everything.

        Raises TopologyConflictError once the broker was found to hold something else under one of our names.
        """
        if self._conflict is not None:
            raise self._conflict
        age = asyncio.get_running_loop().time() - self._checked_at
        return not self._missing and age < _STALE_SECONDS

    @asynccontextmanager
    async def running(self, connection: AbstractConnection) -> AsyncIterator[None]:
        """Check and repair for as long as the context lasts, or until the topology conflicts with the broker's."""
        stopping = asyncio.Event()
        task = asyncio.create_task(self._run(connection, stopping), name="topology")
        try:
            yield
        finally:
            # A check in progress may end: cancelling a call to the broker can cost the connection.
            stopping.set()
            await asyncio.wait([task], timeout=_STOP_TIMEOUT_SECONDS)
            await end_task(task)

    async def _run(self, connection: AbstractConnection, stopping: asyncio.Event) -> None:
        while self._conflict is None:
            try:
                async with asyncio.timeout(_CHECK_TIMEOUT_SECONDS):
                    await self._check(connection)
            except TopologyConflictError as error:
                self._conflict = error
            except (*CONNECTION_EXCEPTIONS, TimeoutError, asyncio.CancelledError) as error:
                if really_cancelled():
                    raise
                log.warning("topology.round_failed", error=type(error).__name__)
            if await is_set_within(stopping, _INTERVAL_SECONDS):
                return

    async def _check(self, connection: AbstractConnection) -> None:
        self._missing = await topology.find_missing(connection, self._topology)
        if self._missing:
            # It stays known as missing until the next check has found it: readiness tells of it meanwhile.
            log.error("topology.missing", names=self._missing)
        # Even when all is there: whether a binding is, only its declaration settles.
        await topology.declare(connection, self._topology)
        self._checked_at = asyncio.get_running_loop().time()
