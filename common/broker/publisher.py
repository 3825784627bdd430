"""Publishing with confirms, on a connection that never consumes.

Under an alarm the broker stops reading from connections that publish: an acknowledgement on one would look done and
not be processed. The publisher exists before its broker does: until its channel is open, and while it is closed, it
fails at once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final
from uuid import uuid4

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractExchange, HeadersType
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelNotFoundEntity, DeliveryError, PublishError

from common.broker import topology
from common.broker.connection import end_task, really_cancelled
from common.broker.consumer import RETRIES_HEADER
from common.broker.publisher_channel import ChannelKeeper
from common.broker.topology_monitor import TopologyMonitor
from common.errors import BrokerUnavailableError, PublishNackedError, TopologyConflictError
from common.model.messages import Event, Job, encode

_BREAKER_SECONDS: Final = 5.0


class Publisher:
    """Publishes jobs and events; every method returns once the broker has confirmed.

    They raise BrokerUnavailableError otherwise, after `timeout` seconds at most; what was published may then still be
    delivered.
    """

    def __init__(self, keeper: ChannelKeeper, *, declared: topology.Topology, timeout: float) -> None:
        self._keeper = keeper
        self._topology = declared
        self._timeout = timeout
        self._breaker_open_until = 0.0

    @property
    def connected(self) -> bool:
        """Whether the channel is open at this moment, as far as this side knows."""
        return self._keeper.is_open

    async def is_ready(self) -> bool:
        """Return whether the channel is open and the topology exists; for the readiness check."""
        return self.connected and await self._keeper.is_topology_intact()

    async def is_connected(self) -> bool:
        """Return whether the channel is open, for the watchdog. Raises TopologyConflictError."""
        await self._keeper.is_topology_intact()
        return self.connected

    async def wait_open(self) -> None:
        """Wait until the channel is open for the first time. Raises ConfigurationError when it never will be."""
        await self._keeper.wait_open()

    async def publish_job(self, job: Job, *, bypass_breaker: bool = False) -> None:
        """Put a job on the queue; with `bypass_breaker` even shortly after a publish that was not confirmed."""
        await self._publish(
            encode(job), exchange="", routing_key=topology.JOBS, bypass_breaker=bypass_breaker
        )

    async def publish_retry(self, job: Job, *, delay_seconds: int, wait_seconds: float) -> None:
        """Have a job come back after `wait_seconds`, by way of the queue of `delay_seconds` (the longest wait)."""
        queue = topology.retry_queue(topology.JOBS, delay_seconds)
        await self._publish(encode(job), exchange="", routing_key=queue, expiration=wait_seconds)

    async def publish_dead_letter(self, body: bytes, *, retries: int) -> None:
        """Have a dead letter come back to the dead-letter queue, after the delay that follows `retries` others."""
        queue = topology.retry_queue(topology.DEAD, topology.RETRY_DELAYS[retries])
        await self._publish(body, exchange="", routing_key=queue, headers={RETRIES_HEADER: retries + 1})

    async def publish_event(self, event: Event) -> None:
        """Announce an event; that nobody listens is no error.

        Raises PublishNackedError, a BrokerUnavailableError, when a queue that is bound to the exchange is full and
        refuses: the other queues may have it, and no wait of ours helps.
        """
        await self._publish(encode(event), exchange=topology.EVENTS, routing_key="", mandatory=False)

    async def count_queued_jobs(self) -> dict[str, int]:
        """Count the waiting messages of each queue of jobs, retries and dead letters, making those that are missing."""
        if not self.connected:
            raise BrokerUnavailableError("no connection to the broker")
        connection = self._keeper.current.connection
        counted: dict[str, int] = {}

        async def count() -> None:
            for queue in self._topology.queues:
                counted[queue.name] = await topology.messages_ready(connection, queue)

        await self._within_timeout(count)
        return counted

    async def _publish(
        self,
        body: bytes,
        *,
        exchange: str,
        routing_key: str,
        mandatory: bool = True,
        expiration: float | None = None,
        headers: HeadersType | None = None,
        bypass_breaker: bool = False,
    ) -> None:
        now = asyncio.get_running_loop().time()
        if not self.connected:
            raise BrokerUnavailableError("no connection to the broker")
        if now < self._breaker_open_until and not bypass_breaker:
            raise BrokerUnavailableError("the broker has just left a publish unconfirmed")
        opened = self._keeper.current
        target = opened.channel.default_exchange if exchange == "" else opened.events
        message = _message(body, expiration, headers)
        send = _publishing(target, message, routing_key, mandatory)
        try:
            await self._within_timeout(send)
        except (PublishError, ChannelNotFoundEntity):
            # Somebody deleted the queue or the exchange while we ran; the monitor may be seconds away.
            await self._within_timeout(lambda: topology.declare(opened.connection, self._topology))
            try:
                await self._within_timeout(send)
            except (PublishError, ChannelNotFoundEntity) as error:
                raise BrokerUnavailableError(f"no queue takes {routing_key or exchange!r}") from error
        self._breaker_open_until = 0.0

    async def _within_timeout(self, call: Callable[[], Awaitable[object]]) -> None:
        try:
            # The library's own timeout does not cover waiting for the connection to come back.
            async with asyncio.timeout(self._timeout):
                await call()
        except (PublishError, ChannelNotFoundEntity):
            raise
        except TopologyConflictError as error:
            raise BrokerUnavailableError(str(error)) from error  # the monitor ends the process
        except TimeoutError:
            # Let the others fail at once for a while instead of each waiting its own timeout.
            self._breaker_open_until = asyncio.get_running_loop().time() + _BREAKER_SECONDS
            raise BrokerUnavailableError(f"not confirmed within {self._timeout:g} s") from None
        except DeliveryError as error:
            raise PublishNackedError("the broker refused the message: a queue is full") from error
        except CONNECTION_EXCEPTIONS as error:
            raise BrokerUnavailableError(f"publishing failed: {type(error).__name__}") from error
        except asyncio.CancelledError:
            if really_cancelled():
                raise
            raise BrokerUnavailableError("the connection to the broker was lost") from None


@asynccontextmanager
async def open_publisher(
    url: str, name: str, *, declared: topology.Topology, timeout: float, monitored: bool = True
) -> AsyncIterator[Publisher]:
    """Open a publisher whose channel is opened in the background; `wait_open` tells when it is.

    `name` is the connection's on the management page, `timeout` the seconds a publish may take. `monitored` has the
    topology checked on its connection: false where the process does that on another.
    """
    monitor = TopologyMonitor(declared) if monitored else None
    keeper = ChannelKeeper(url, name, declared, monitor)
    task = asyncio.create_task(keeper.run(), name="publisher")
    try:
        yield Publisher(keeper, declared=declared, timeout=timeout)
    finally:
        await end_task(task)


def _message(body: bytes, expiration: float | None, headers: HeadersType | None) -> Message:
    return Message(
        body,
        content_type="application/json",
        delivery_mode=DeliveryMode.PERSISTENT,
        # Unique even for a repeat: aiormq matches returned messages by it.
        message_id=uuid4().hex,
        expiration=expiration,
        headers=headers,
    )


def _publishing(
    exchange: AbstractExchange, message: Message, routing_key: str, mandatory: bool
) -> Callable[[], Awaitable[object]]:
    return lambda: exchange.publish(message, routing_key, mandatory=mandatory)
