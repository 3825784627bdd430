"""The only place that names a queue or an exchange; every process declares what it uses, idempotently, at its start.

Only what can never be changed later stands in the arguments (kind, dead-letter exchange, limits that belong to the
promise): declaring an existing queue with other arguments closes the channel. What an operator may want to tune belongs
in a policy.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aio_pika import Channel, ExchangeType
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractQueue
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed
from aiormq.exceptions import ChannelAccessRefused, ChannelLockedResource

from common.errors import TopologyConflictError

JOBS: Final = "image_processing"
DEAD: Final = "image_processing.dead"
EVENTS: Final = "processed_images"
NOTIFICATIONS: Final = "processed_images.notifications"

MAX_DELIVERIES: Final = 5
"""How often a job is delivered before the broker dead-letters it: the first time and four again."""

RETRY_DELAYS: Final = (1, 5, 30, 120, 600)
"""The seconds a dead letter waits after its first, second, ... failure; after the last it is dropped.

What a job waits after a transient error is the setting RETRY_DELAYS_SECONDS, of which this is the default.
"""

# From RabbitMQ 4.0 on, a quorum queue that does not say otherwise drops what was delivered 20 times: a dead letter that
# waits for the store, an event that waits for a receiver. -1 for "any" is unknown to 3.10.
_KEEPS: Final = {"x-delivery-limit": 2**31 - 1}
_AT_LEAST_ONCE: Final = {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}


@dataclass(frozen=True)
class Exchange:
    """A durable fanout exchange."""

    name: str


@dataclass(frozen=True)
class Queue:
    """A durable quorum queue, with the exchange it is bound to."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    bound_to: str | None = None


@dataclass(frozen=True)
class Topology:
    """What one process declares, in this order: exchanges, queues, bindings."""

    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]


def retry_queue(queue: str, delay_seconds: int) -> str:
    """Return the name of the queue in which messages wait `delay_seconds` before they go back to `queue`."""
    return f"{queue}.retry.{delay_seconds}s"


def jobs(retry_delays: tuple[int, ...] = ()) -> Topology:
    """Return the job queue with what catches its dead letters, and a queue for each retry delay in seconds."""
    dead_letter = {"x-dead-letter-exchange": DEAD, **_AT_LEAST_ONCE}
    return Topology(
        exchanges=(Exchange(DEAD), Exchange(EVENTS)),
        queues=(
            Queue(JOBS, {"x-delivery-limit": MAX_DELIVERIES - 1, **dead_letter}),
            Queue(DEAD, dict(_KEEPS), bound_to=DEAD),
            *(_retry(DEAD, delay) for delay in RETRY_DELAYS),
            *(_retry(JOBS, delay) for delay in retry_delays),
        ),
    )


def notifications() -> Topology:
    """Return the events' exchange and the queue that the notification replicas share."""
    return Topology(
        exchanges=(Exchange(EVENTS),), queues=(Queue(NOTIFICATIONS, dict(_KEEPS), bound_to=EVENTS),)
    )


async def declare(connection: AbstractConnection, topology: Topology) -> None:
    """Make the topology exist; doing it again changes nothing.

    Raises TopologyConflictError when the broker holds a queue or an exchange of a name with other properties.
    """
    with _naming_conflicts():
        async with _temporary_channel(connection) as channel:
            for exchange in topology.exchanges:
                await channel.declare_exchange(exchange.name, ExchangeType.FANOUT, durable=True)
            for queue in topology.queues:
                declared = await _declare_queue(channel, queue)
                if queue.bound_to is not None:
                    await declared.bind(queue.bound_to, routing_key="")


async def find_missing(connection: AbstractConnection, topology: Topology) -> tuple[str, ...]:
    """Return the names of the exchanges and queues that do not exist; a binding cannot be asked for.

    Raises TopologyConflictError when one belongs to somebody else, as another connection's exclusive queue does.
    """
    unseen: tuple[Exchange | Queue, ...] = (*topology.exchanges, *topology.queues)
    missing: list[str] = []
    with _naming_conflicts():
        while unseen:
            # The broker closes the channel on which it is asked for what it has not: the next question needs another.
            async with _temporary_channel(connection) as channel:
                found = await _count_until_missing(channel, unseen)
            missing += [each.name for each in unseen[found : found + 1]]
            unseen = unseen[found + 1 :]
    return tuple(missing)


async def messages_ready(connection: AbstractConnection, queue: Queue) -> int:
    """Return how many messages the queue holds that nobody has been given; makes it exist if it does not."""
    async with _temporary_channel(connection) as channel:
        declared = await _declare_queue(channel, queue)
    return declared.declaration_result.message_count or 0


@contextmanager
def _naming_conflicts() -> Iterator[None]:
    try:
        yield
    except (ChannelPreconditionFailed, ChannelAccessRefused, ChannelLockedResource) as error:
        raise TopologyConflictError(f"the broker's topology is not ours: {error}") from error


async def _declare_queue(channel: AbstractChannel, queue: Queue) -> AbstractQueue:
    arguments = {"x-queue-type": "quorum", **queue.arguments}
    return await channel.declare_queue(queue.name, durable=True, arguments=arguments)


@asynccontextmanager
async def _temporary_channel(connection: AbstractConnection) -> AsyncIterator[AbstractChannel]:
    """Open a channel that is not robust: aio-pika does not repeat by itself what the broker refuses."""
    async with Channel(connection, publisher_confirms=False) as channel:
        yield channel


async def _count_until_missing(channel: AbstractChannel, entities: tuple[Exchange | Queue, ...]) -> int:
    """Return how many of the entities the broker has before the first that it has not, which closes the channel."""
    for count, entity in enumerate(entities):
        try:
            if isinstance(entity, Queue):
                await channel.declare_queue(entity.name, passive=True)
            else:
                await channel.declare_exchange(entity.name, ExchangeType.FANOUT, passive=True)
        except ChannelNotFoundEntity:
            return count
    return len(entities)


def _retry(queue: str, delay_seconds: int) -> Queue:
    # The default exchange routes by queue name: an expired message goes straight back.
    back = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": queue, **_AT_LEAST_ONCE}
    return Queue(retry_queue(queue, delay_seconds), {"x-message-ttl": delay_seconds * 1000, **back})
