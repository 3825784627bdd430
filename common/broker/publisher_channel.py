"""The link of a publisher: a connection that never consumes, its channel with confirms, and the events' exchange."""

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog
from aio_pika.abc import AbstractExchange, AbstractRobustChannel, AbstractRobustConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelPreconditionFailed

from common.broker import topology
from common.broker.connection import open_connection, really_cancelled
from common.errors import ConfigurationError

log = structlog.get_logger(__name__)

_PAUSE_SECONDS: Final = 1.0
_DECLARE_SECONDS: Final = 30.0


@dataclass(frozen=True)
class PublisherChannel:
    """All that must be held: aio-pika keeps channels in a WeakSet."""

    connection: AbstractRobustConnection
    channel: AbstractRobustChannel
    events: AbstractExchange


class ChannelKeeper:
    """Makes the link, however often it takes, and holds it for as long as `run` runs."""

    def __init__(self, url: str, name: str, declares: topology.Topology) -> None:
        self._url = url
        self._name = name
        self._declares = declares
        self._link: asyncio.Future[PublisherChannel] = asyncio.get_running_loop().create_future()

    @property
    def is_open(self) -> bool:
        """Whether it stands at this moment, as far as this side knows."""
        if not self._link.done() or self._link.cancelled() or self._link.exception() is not None:
            return False
        return self.link.connection.connected.is_set() and not self.link.channel.is_closed

    @property
    def link(self) -> PublisherChannel:
        """The link, once it was made; aio-pika keeps its connection from then on."""
        return self._link.result()

    async def made(self) -> None:
        """Wait until it stands for the first time. Raises ConfigurationError when it never will."""
        await asyncio.shield(self._link)

    async def run(self) -> None:
        """Make the link and hold it until cancelled. One that is lost while it is made is made anew."""
        while not self._link.done():
            try:
                await self._hold()
            except ConfigurationError as error:
                self._link.set_exception(error)
            except ChannelPreconditionFailed as error:
                self._link.set_exception(ConfigurationError(f"the broker's topology is not ours: {error}"))
            except (*CONNECTION_EXCEPTIONS, TimeoutError, asyncio.CancelledError) as error:
                if really_cancelled():
                    raise
                log.warning("publisher.not_linked", error=type(error).__name__)
                await asyncio.sleep(_PAUSE_SECONDS)
            except Exception:
                # Without a link nothing is published: the next try may fare better.
                log.exception("publisher.failed")
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _hold(self) -> None:
        async with open_connection(self._url, self._name) as connection:
            async with asyncio.timeout(_DECLARE_SECONDS):
                channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                await topology.declare(channel, self._declares)
                events = await channel.get_exchange(topology.EVENTS, ensure=False)
            self._link.set_result(PublisherChannel(connection, channel, events))
            await asyncio.Event().wait()
