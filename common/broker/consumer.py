"""Consuming with explicit acknowledgement: the handler's verdict decides, never an exception or a cancellation."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto

import structlog
from aio_pika.abc import (
    AbstractIncomingMessage,
    AbstractQueue,
    AbstractRobustChannel,
    AbstractRobustConnection,
)
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from common.broker import topology

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 2.0
_DEAF_AFTER = 2  # looks
_PAUSE_BEFORE_REQUEUE = 1.0  # seconds: a delivery nobody can handle must not spin


class Disposition(Enum):
    """What becomes of a delivery."""

    ACK = auto()
    REJECT = auto()  # to the queue's dead-letter exchange
    REQUEUE = auto()


@dataclass(frozen=True)
class Delivery:
    """A message as it was handed to us."""

    body: bytes
    redelivered: bool


Handler = Callable[[Delivery], Awaitable[Disposition]]


class Consumer:
    """Consumes one queue, `prefetch` deliveries at a time, each handled in a task of its own."""

    def __init__(
        self,
        connection: AbstractRobustConnection,
        queue: str,
        handler: Handler,
        *,
        declares: topology.Topology,
        prefetch: int = 1,
    ) -> None:
        self._connection = connection
        self._queue_name = queue
        self._handler = handler
        self._declares = declares
        self._prefetch = prefetch
        # After a reconnect the broker delivers anew while the work of before still runs: it counts as well.
        self._slots = asyncio.Semaphore(prefetch)
        self._tasks: set[asyncio.Task[None]] = set()
        self._channel: AbstractRobustChannel | None = None
        self._queue: AbstractQueue | None = None
        self._tag: str | None = None
        self._received = 0

    async def start(self) -> None:
        """Declare the topology and begin to consume."""
        await self._subscribe()

    async def keep(self) -> None:
        """Subscribe anew, on another channel, when we are idle while the queue holds messages, until cancelled.

        A channel whose queue was deleted and declared again within a moment stays, on RabbitMQ 3.10, with the queue of
        before: its first message never arrives, the others wait, and nothing tells us. Both come on a new channel.
        """
        (queue,) = (each for each in self._declares.queues if each.name == self._queue_name)
        idle = 0
        while True:
            received = self._received
            await asyncio.sleep(_LOOK_SECONDS)
            passed_over = received == self._received and await self._passed_over(queue)
            idle = idle + 1 if passed_over else 0
            if idle == _DEAF_AFTER:
                log.warning("consumer.deaf", queue=self._queue_name)
                await self._subscribe_again()
                idle = 0

    async def _passed_over(self, queue: topology.Queue) -> bool:
        if self._tasks or self._tag is None or self._channel is None or not self.connected:
            return False
        try:
            async with asyncio.timeout(2.0):
                return await topology.messages_ready(self._channel, queue) > 0
        except (*CONNECTION_EXCEPTIONS, TimeoutError):
            return False

    async def _subscribe_again(self) -> None:
        old = self._channel
        try:
            async with asyncio.timeout(5.0):
                if old is not None:
                    await old.close()
                await self._subscribe()
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            log.warning("consumer.not_subscribed", queue=self._queue_name, error=type(error).__name__)

    async def _subscribe(self) -> None:
        channel = await self._connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=self._prefetch)
        queues = await topology.declare(channel, self._declares)
        queue = queues[self._queue_name]
        self._channel, self._queue = channel, queue
        self._tag = await queue.consume(self._receive)

    @property
    def connected(self) -> bool:
        """Whether the connection stands, as far as this side knows."""
        return self._connection.connected.is_set()

    async def consuming(self) -> bool:
        """Whether the broker knows us as a consumer at this moment, as far as this side can tell."""
        if self._channel is None or self._tag is None or not self.connected:
            return False
        try:
            async with asyncio.timeout(1.0):
                underlay = await self._channel.get_underlay_channel()
        except (*CONNECTION_EXCEPTIONS, TimeoutError):
            return False
        return not underlay.is_closed and self._tag in getattr(underlay, "consumers", {})

    async def stop(self) -> None:
        """Take no further deliveries; those in hand go on."""
        if self._queue is None or self._tag is None:
            return
        tag, self._tag = self._tag, None
        try:
            async with asyncio.timeout(2.0):
                await self._queue.cancel(tag)
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            log.info("consumer.cancel_failed", queue=self._queue_name, error=type(error).__name__)

    async def drain(self, timeout_seconds: float) -> bool:
        """Wait for the deliveries in hand. False when some are unfinished: they go back with the connection."""
        if not self._tasks:
            return True
        _, pending = await asyncio.wait(self._tasks, timeout=timeout_seconds)
        return not pending

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        self._received += 1
        task = asyncio.create_task(self._settle(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # aio-pika cancels its callbacks when a connection dies; the thread at work cannot be cancelled, and its
        # result is as good as before.
        await asyncio.shield(task)

    async def _settle(self, message: AbstractIncomingMessage) -> None:
        async with self._slots:
            verdict = await self._run_handler(Delivery(message.body, bool(message.redelivered)))
            if verdict is Disposition.REQUEUE:
                await asyncio.sleep(_PAUSE_BEFORE_REQUEUE)
        try:
            async with asyncio.timeout(5.0):
                await self._answer(message, verdict)
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            # The connection it came by is gone: the broker delivers it again, and the handler will know it.
            log.warning("consumer.answer_lost", queue=self._queue_name, error=type(error).__name__)

    async def _run_handler(self, delivery: Delivery) -> Disposition:
        try:
            return await self._handler(delivery)
        except Exception:
            log.exception("consumer.handler_failed", queue=self._queue_name)
            return Disposition.REQUEUE

    @staticmethod
    async def _answer(message: AbstractIncomingMessage, verdict: Disposition) -> None:
        if verdict is Disposition.ACK:
            await message.ack()
        else:
            await message.reject(requeue=verdict is Disposition.REQUEUE)
