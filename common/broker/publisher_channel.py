"""The channel of a publisher: a connection that never consumes, its channel with confirms, and the events' exchange."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

import structlog
from aio_pika.abc import AbstractExchange, AbstractRobustChannel, AbstractRobustConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from common.broker import topology
from common.broker.connection import open_connection, really_cancelled
from common.broker.topology_monitor import TopologyMonitor
from common.errors import ConfigurationError

log = structlog.get_logger(__name__)

_RETRY_SECONDS: Final = 1.0
_OPEN_TIMEOUT_SECONDS: Final = 30.0


@dataclass(frozen=True)
class PublisherChannel:
    """All that must be held: aio-pika keeps channels in a WeakSet."""

    connection: AbstractRobustConnection
    channel: AbstractRobustChannel
    events: AbstractExchange


class ChannelKeeper:
    """Opens the channel, however often it takes, and holds it for as long as `run` runs.

    `monitor`, if given, checks the topology on the channel's connection meanwhile.
    """

    def __init__(
        self, url: str, name: str, declared: topology.Topology, monitor: TopologyMonitor | None = None
    ) -> None:
        self._url = url
        self._name = name
        self._topology = declared
        self._monitor = monitor
        self._opened: asyncio.Future[PublisherChannel] = asyncio.get_running_loop().create_future()

    @property
    def is_open(self) -> bool:
        """Whether it is open at this moment, as far as this side knows."""
        if not self._opened.done() or self._opened.cancelled() or self._opened.exception() is not None:
            return False
        return self.current.connection.connected.is_set() and not self.current.channel.is_closed

    async def is_topology_intact(self) -> bool:
        """Return whether the monitor, if there is one, found everything. Raises TopologyConflictError."""
        return self._monitor is None or await self._monitor.is_intact()

    @property
    def current(self) -> PublisherChannel:
        """The channel, once it was opened; aio-pika keeps its connection from then on."""
        return self._opened.result()

    async def wait_open(self) -> None:
        """Wait until it is open for the first time. Raises ConfigurationError when it never will be."""
        await asyncio.shield(self._opened)

    async def run(self) -> None:
        """Open the channel and hold it until cancelled. One that is lost while it is opened is opened anew."""
        while not self._opened.done():
            try:
                await self._hold()
            except ConfigurationError as error:
                self._opened.set_exception(error)
            except (*CONNECTION_EXCEPTIONS, TimeoutError, asyncio.CancelledError) as error:
                if really_cancelled():
                    raise
                log.warning("publisher.not_opened", error=type(error).__name__)
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception:
                # Without a channel nothing is published: the next try may fare better.
                log.exception("publisher.open_failed")
                await asyncio.sleep(_RETRY_SECONDS)

    async def _hold(self) -> None:
        async with open_connection(self._url, self._name) as connection:
            async with asyncio.timeout(_OPEN_TIMEOUT_SECONDS):
                await topology.declare(connection, self._topology)
                channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                events = await channel.get_exchange(topology.EVENTS, ensure=False)
            self._opened.set_result(PublisherChannel(connection, channel, events))
            async with AsyncExitStack() as stack:
                if self._monitor is not None:
                    await stack.enter_async_context(self._monitor.running(connection))
                await asyncio.Event().wait()
