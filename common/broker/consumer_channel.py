"""One subscription to a queue: its channel, and how it notices that the broker no longer delivers to it.

Not robust as aio-pika means it: that would restore a consumer by itself, and where the broker refuses, forever. On
RabbitMQ 3.10 a channel whose queue was deleted and declared again within a moment stays with the queue of before, and
nothing tells it: its consumer hears nothing while its neighbors, who came later, are served.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aio_pika import Channel
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue, AbstractRobustConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelNotFoundEntity

from common.broker import topology

log = structlog.get_logger(__name__)

_TIMEOUT_SECONDS: Final = 10.0
_CANCEL_TIMEOUT_SECONDS: Final = 2.0
_PASSED_OVER_AFTER: Final = 2  # checks in a row that find messages ready while this consumer is idle
# A subscription that was silent for so long is made anew, a few round trips: where neighbors empty the queue, nothing
# else tells that it is dead. RabbitMQ 3.10 goes on counting its consumer.
_SILENT_SECONDS: Final = 10.0

Receive = Callable[[AbstractIncomingMessage], Awaitable[None]]


class ConsumerChannel:
    """Subscribes to `queue`, which `declared` contains, with at most `prefetch` deliveries unacknowledged."""

    def __init__(
        self,
        connection: AbstractRobustConnection,
        queue: str,
        *,
        declared: topology.Topology,
        prefetch: int = 1,
    ) -> None:
        self.queue = queue
        self.prefetch = prefetch
        self._connection = connection
        self._topology = declared
        self._channel: AbstractChannel | None = None
        self._subscribed: AbstractQueue | None = None
        self._tag: str | None = None
        self._passed_over = 0  # checks in a row
        self._last_delivery = 0.0
        self._renewing = False

    @property
    def connected(self) -> bool:
        """Whether the connection is open, as far as this side knows."""
        return self._connection.connected.is_set()

    def note_delivery(self) -> None:
        """Remember that the broker delivers to this subscription."""
        self._last_delivery = asyncio.get_running_loop().time()
        self._passed_over = 0

    async def subscribe(self, receive: Receive) -> None:
        """Declare the topology and consume on a new channel. Raises TopologyConflictError."""
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            await topology.declare(self._connection, self._topology)
            await self._consume(receive)

    async def _consume(self, receive: Receive) -> None:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            channel = Channel(self._connection, publisher_confirms=False)
            await channel.initialize()
            await channel.set_qos(prefetch_count=self.prefetch)
            queue = await channel.get_queue(self.queue, ensure=False)
            self._channel, self._subscribed = channel, queue
            self._tag = await queue.consume(receive)
        self.note_delivery()

    async def unsubscribe(self) -> None:
        """Take no further deliveries; those that came can still be acknowledged."""
        if self._subscribed is None or self._tag is None:
            return
        tag, self._tag = self._tag, None
        try:
            async with asyncio.timeout(_CANCEL_TIMEOUT_SECONDS):
                await self._subscribed.cancel(tag)
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            log.info("consumer.cancel_failed", queue=self.queue, error=type(error).__name__)

    async def is_subscribed(self) -> bool:
        """Return whether the channel is open with a consumer the broker has not cancelled; also while it is renewed."""
        if self._renewing:
            return True
        if self._channel is None or self._channel.is_closed or not self.connected:
            return False
        underlay = await self._channel.get_underlay_channel()
        return self._tag is not None and self._tag in getattr(underlay, "consumers", {})

    async def resubscribe_if_lost(self, receive: Receive, *, is_idle: Callable[[], bool]) -> None:
        """Subscribe anew on another channel when the broker does not deliver to this one.

        While deliveries are in progress (not `is_idle`) an open channel is left alone: it is needed to acknowledge
        them.
        """
        if not self.connected:
            return
        if self._channel is None or self._channel.is_closed:
            await self.subscribe(receive)
            log.info("consumer.resubscribed", queue=self.queue)
        elif is_idle() and (not await self.is_subscribed() or await self._is_passed_over()):
            self._renewing = await self.is_subscribed()
            try:
                await self._renew(receive, is_idle)
            finally:
                self._renewing = False

    async def _renew(self, receive: Receive, is_idle: Callable[[], bool]) -> None:
        await self.unsubscribe()
        # Until that was answered deliveries may have come: they are handled first, and the next round goes on.
        if is_idle():
            await self._close()
            await self._consume(receive)

    async def _is_passed_over(self) -> bool:
        """Return whether the queue is gone, holds messages that this idle consumer is not given, or has been silent."""
        assert self._channel is not None  # noqa: S101 - its caller has looked
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                declared = await self._channel.declare_queue(self.queue, passive=True)
        except ChannelNotFoundEntity:
            return True
        ready = declared.declaration_result.message_count or 0
        self._passed_over = self._passed_over + 1 if ready else 0
        if self._passed_over == _PASSED_OVER_AFTER:
            log.warning("consumer.passed_over", queue=self.queue, messages=ready)
            return True
        return asyncio.get_running_loop().time() - self._last_delivery > _SILENT_SECONDS

    async def _close(self) -> None:
        if self._channel is not None and not self._channel.is_closed:
            async with asyncio.timeout(_CANCEL_TIMEOUT_SECONDS):
                await self._channel.close()
