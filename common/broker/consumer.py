"""Consuming with explicit acknowledgement: the handler's disposition decides, never an exception or a cancellation."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import structlog
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from common.broker.connection import is_set_within, really_cancelled
from common.broker.consumer_channel import ConsumerChannel
from common.broker.topology import MAX_DELIVERIES
from common.errors import ConfigurationError

log = structlog.get_logger(__name__)

_REQUEUE_DELAY_SECONDS: Final = 1.0  # a delivery that cannot be handled must not spin
_ACKNOWLEDGE_TIMEOUT_SECONDS: Final = 5.0
_CHECK_INTERVAL_SECONDS: Final = 1.0
_DELIVERY_COUNT: Final = "x-delivery-count"  # how often a quorum queue has taken the message back
RETRIES_HEADER: Final = "x-retries"


class Disposition(Enum):
    """What becomes of a delivery."""

    ACK = auto()
    REJECT = auto()  # to the queue's dead-letter exchange; dropped where it has none
    REQUEUE = auto()


@dataclass(frozen=True)
class Delivery:
    """A message as the broker delivered it; `retries` is how often it has waited in a retry queue before."""

    body: bytes
    retries: int = 0


Handler = Callable[[Delivery], Awaitable[Disposition]]


class Consumer:
    """Consumes one queue by way of `channel`, as many deliveries at a time as that prefetches, each in a task.

    A delivery that was requeued `max_requeues` times already is rejected in place of requeued, whatever the reason.
    """

    def __init__(
        self, channel: ConsumerChannel, handler: Handler, *, max_requeues: int = MAX_DELIVERIES - 1
    ) -> None:
        self._channel = channel
        self._handler = handler
        self._max_requeues = max_requeues
        # After a reconnect the broker delivers anew while the work of before still runs: it counts as well.
        self._slots = asyncio.Semaphore(channel.prefetch)
        self._tasks: set[asyncio.Task[None]] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Subscribe, and stay subscribed until `stop`. Raises TopologyConflictError.

        A broker that fails, as it does where it cannot open the queue's data, is tried again while this goes on.
        """
        await self._try(self._channel.subscribe(self._receive), final=ConfigurationError)
        self._keeper = asyncio.create_task(self._stay_subscribed(), name=f"consumer {self._channel.queue}")

    @property
    def connected(self) -> bool:
        """Whether the connection is open, as far as this side knows."""
        return self._channel.connected

    async def is_consuming(self) -> bool:
        """Return whether the broker delivers to us at this moment, as far as this side can tell."""
        return await self._channel.is_subscribed()

    async def stop(self) -> None:
        """Take no further deliveries; those in progress go on."""
        # Not by cancellation: a call to the broker that is cancelled half-way can cost the connection, and with it the
        # acknowledgement of what is in progress.
        self._stopping.set()
        if self._keeper is not None:
            await asyncio.gather(self._keeper, return_exceptions=True)
        await self._channel.unsubscribe()

    async def drain(self, timeout_seconds: float) -> bool:
        """Wait for the deliveries in progress. False when some are unfinished: they go back with the connection."""
        if not self._tasks:
            return True
        _, pending = await asyncio.wait(self._tasks, timeout=timeout_seconds)
        return not pending

    async def _stay_subscribed(self) -> None:
        while not await is_set_within(self._stopping, _CHECK_INTERVAL_SECONDS):
            await self._try(self._channel.resubscribe_if_lost(self._receive, is_idle=lambda: not self._tasks))

    async def _try(self, subscribing: Awaitable[None], *, final: type[Exception] | tuple[()] = ()) -> None:
        """Subscribe, and log what prevents it; only what is `final` is raised."""
        try:
            await subscribing
        except final:
            raise
        except asyncio.CancelledError:
            if really_cancelled():
                raise
        except (*CONNECTION_EXCEPTIONS, TimeoutError, ConfigurationError) as error:
            log.warning("consumer.not_subscribed", queue=self._channel.queue, error=type(error).__name__)
        except Exception:  # the next round may fare better; without rounds nothing is consumed
            log.exception("consumer.subscribe_failed", queue=self._channel.queue)

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        self._channel.note_delivery()
        task = asyncio.create_task(self._process(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # aio-pika cancels its callbacks when a connection dies; the thread at work cannot be cancelled, and its
        # result is as good as before.
        await asyncio.shield(task)

    async def _process(self, message: AbstractIncomingMessage) -> None:
        async with self._slots:
            disposition = await self._run_handler(Delivery(message.body, _count(message, RETRIES_HEADER)))
            if disposition is Disposition.REQUEUE:
                disposition = await self._limit_requeues(message)
        try:
            async with asyncio.timeout(_ACKNOWLEDGE_TIMEOUT_SECONDS):
                await _acknowledge(message, disposition)
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            # The connection it came by is gone: the broker delivers it again, and the handler will know it.
            log.warning("consumer.ack_failed", queue=self._channel.queue, error=type(error).__name__)

    async def _run_handler(self, delivery: Delivery) -> Disposition:
        try:
            return await self._handler(delivery)
        except asyncio.CancelledError:
            if really_cancelled():
                raise
            log.warning("consumer.handler_cancelled", queue=self._channel.queue)
        except Exception:
            log.exception("consumer.handler_failed", queue=self._channel.queue)
        return Disposition.REQUEUE

    async def _limit_requeues(self, message: AbstractIncomingMessage) -> Disposition:
        requeued = _count(message, _DELIVERY_COUNT)
        if requeued < self._max_requeues:
            await asyncio.sleep(_REQUEUE_DELAY_SECONDS)
            return Disposition.REQUEUE
        log.error("consumer.requeue_limit", queue=self._channel.queue, requeued=requeued)
        return Disposition.REJECT


def _count(message: AbstractIncomingMessage, header: str) -> int:
    """Return the number in a header; 0 when there is none, for anybody may publish."""
    value = message.headers.get(header)
    return max(0, value) if isinstance(value, int) else 0


async def _acknowledge(message: AbstractIncomingMessage, disposition: Disposition) -> None:
    if disposition is Disposition.ACK:
        await message.ack()
    else:
        # reject, not nack: from RabbitMQ 4.3 on a nack that requeues does not count toward x-delivery-count.
        await message.reject(requeue=disposition is Disposition.REQUEUE)
