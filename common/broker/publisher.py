"""Publishing with confirms, on a connection that never consumes.

Under an alarm the broker stops reading from connections that publish: an acknowledgement on one would look done and
not be processed. The publisher exists before its broker does: until the link stands, and while it is down, it fails at
once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final
from uuid import uuid4

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractExchange
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, DeliveryError, PublishError

from common.broker import topology
from common.broker.connection import really_cancelled
from common.broker.publisher_channel import ChannelKeeper
from common.errors import BrokerUnavailableError, PublishNackedError
from common.model.messages import Event, Job, encode

_SUSPECT_SECONDS: Final = 5.0


class Publisher:
    """Publishes jobs and events; every method returns once the broker has confirmed.

    They raise BrokerUnavailableError otherwise, after `timeout` seconds at most; what was published may then still be
    delivered.
    """

    def __init__(self, link: ChannelKeeper, *, declares: topology.Topology, timeout: float) -> None:
        self._link = link
        self._declares = declares
        self._timeout = timeout
        self._suspect_until = 0.0

    @property
    def connected(self) -> bool:
        """Whether the link stands at this moment, as far as this side knows."""
        return self._link.is_open

    async def answers(self) -> bool:
        """For the readiness check."""
        return self.connected

    async def ready(self) -> None:
        """Wait until the link stands for the first time. Raises BrokerRefusedError when it never will."""
        await self._link.made()

    async def publish_job(self, job: Job, *, bypass_breaker: bool = False) -> None:
        """Put a job on the queue. A `probing` publish goes out even though the last one was not confirmed."""
        await self._publish(job, exchange="", routing_key=topology.JOBS, bypass_breaker=bypass_breaker)

    async def publish_retry(self, job: Job, *, delay_seconds: int, wait_seconds: float) -> None:
        """Have a job come back after `wait_seconds`, by way of the queue of `delay_seconds` (the longest wait)."""
        await self._publish(
            job, exchange="", routing_key=topology.retry_queue(delay_seconds), expiration=wait_seconds
        )

    async def publish_event(self, event: Event) -> None:
        """Announce an event; that nobody listens is no error.

        Raises PublishNackedError, a BrokerUnavailableError, when a queue that is bound to the exchange is full and
        refuses: the other queues may have it, and no wait of ours helps.
        """
        await self._publish(event, exchange=topology.EVENTS, routing_key="", mandatory=False)

    async def count_queued_jobs(self) -> dict[str, int]:
        """Count the waiting messages of each queue of jobs, retries and dead letters, making those that are missing."""
        if not self.connected:
            raise BrokerUnavailableError("no connection to the broker")
        link = self._link.link
        counted: dict[str, int] = {}

        async def count() -> None:
            for queue in self._declares.queues:
                counted[queue.name] = await topology.messages_ready(link.channel, queue)

        await self._within_timeout(count)
        return counted

    async def _publish(
        self,
        body: Job | Event,
        *,
        exchange: str,
        routing_key: str,
        mandatory: bool = True,
        expiration: float | None = None,
        bypass_breaker: bool = False,
    ) -> None:
        now = asyncio.get_running_loop().time()
        if not self.connected or (now < self._suspect_until and not bypass_breaker):
            raise BrokerUnavailableError("no connection to the broker")
        link = self._link.link
        target = link.channel.default_exchange if exchange == "" else link.events
        message = _message(encode(body), expiration)
        send = _publishing(target, message, routing_key, mandatory)
        try:
            await self._within_timeout(send)
        except PublishError:
            # Unroutable: somebody deleted the queue while we ran.
            await self._within_timeout(lambda: topology.declare(link.channel, self._declares))
            try:
                await self._within_timeout(send)
            except PublishError as error:
                raise BrokerUnavailableError(f"no queue takes {routing_key or exchange!r}") from error
        self._suspect_until = 0.0

    async def _within_timeout(self, call: Callable[[], Awaitable[object]]) -> None:
        try:
            # The library's own timeout does not cover waiting for the connection to come back.
            async with asyncio.timeout(self._timeout):
                await call()
        except PublishError:
            raise
        except TimeoutError:
            # Let the others fail at once for a while instead of each waiting its own timeout.
            self._suspect_until = asyncio.get_running_loop().time() + _SUSPECT_SECONDS
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
    url: str, name: str, *, declares: topology.Topology, timeout: float
) -> AsyncIterator[Publisher]:
    """A publisher whose link is made in the background; `ready` tells when it stands."""
    keeper = ChannelKeeper(url, name, declares)
    task = asyncio.create_task(keeper.run(), name="publisher")
    try:
        yield Publisher(keeper, declares=declares, timeout=timeout)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _message(body: bytes, expiration: float | None) -> Message:
    return Message(
        body,
        content_type="application/json",
        delivery_mode=DeliveryMode.PERSISTENT,
        # Unique even for a repeat: aiormq matches returned messages by it.
        message_id=uuid4().hex,
        expiration=expiration,
    )


def _publishing(
    exchange: AbstractExchange, message: Message, routing_key: str, mandatory: bool
) -> Callable[[], Awaitable[object]]:
    return lambda: exchange.publish(message, routing_key, mandatory=mandatory)
