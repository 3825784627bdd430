"""The only place that names a queue or an exchange; every process declares what it uses, idempotently, at its start.

Only what can never be changed later stands in the arguments (kind, dead-letter exchange, limits that belong to the
promise): declaring an existing queue with other arguments closes the channel. What an operator may want to tune belongs
in a policy.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractQueue

JOBS: Final = "image_processing"
DEAD: Final = "image_processing.dead"
EVENTS: Final = "processed_images"
NOTIFICATIONS: Final = "processed_images.notifications"

MAX_DELIVERIES: Final = 5
"""How often a job is handed to a worker before the broker gives up on it: the first time and four again."""

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


def retry_queue(delay_seconds: int) -> str:
    """The queue in which a job waits `delay_seconds` before it goes back to the workers."""
    return f"{JOBS}.retry.{delay_seconds}s"


def jobs(retry_delays: tuple[int, ...] = ()) -> Topology:
    """The job queue with what catches its dead letters, and a queue for each retry delay in seconds."""
    dead_letter = {"x-dead-letter-exchange": DEAD, **_AT_LEAST_ONCE}
    return Topology(
        exchanges=(Exchange(DEAD), Exchange(EVENTS)),
        queues=(
            Queue(JOBS, {"x-delivery-limit": MAX_DELIVERIES - 1, **dead_letter}),
            Queue(DEAD, dict(_KEEPS), bound_to=DEAD),
            *(_retry(delay) for delay in retry_delays),
        ),
    )


def notifications() -> Topology:
    """The events' exchange and the queue that the notification replicas share."""
    return Topology(
        exchanges=(Exchange(EVENTS),), queues=(Queue(NOTIFICATIONS, dict(_KEEPS), bound_to=EVENTS),)
    )


async def declare(channel: AbstractChannel, topology: Topology) -> dict[str, AbstractQueue]:
    """Make the topology exist; doing it again changes nothing. Returns its queues by name."""
    queues: dict[str, AbstractQueue] = {}
    for exchange in topology.exchanges:
        await channel.declare_exchange(exchange.name, ExchangeType.FANOUT, durable=True)
    for queue in topology.queues:
        arguments = {"x-queue-type": "quorum", **queue.arguments}
        declared = await channel.declare_queue(queue.name, durable=True, arguments=arguments)
        if queue.bound_to is not None:
            await declared.bind(queue.bound_to, routing_key="")
        queues[queue.name] = declared
    return queues


async def messages_ready(channel: AbstractChannel, queue: Queue) -> int:
    """How many messages the queue holds that nobody has been given; makes it exist if it does not."""
    arguments = {"x-queue-type": "quorum", **queue.arguments}
    # Beneath the robust channel, which would remember every queue that is declared on it.
    underlay = await channel.get_underlay_channel()
    declared = await underlay.queue_declare(queue.name, durable=True, arguments=arguments)
    return declared.message_count or 0


def _retry(delay_seconds: int) -> Queue:
    # The default exchange routes by queue name: an expired message goes straight back to the workers.
    back = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": JOBS, **_AT_LEAST_ONCE}
    return Queue(retry_queue(delay_seconds), {"x-message-ttl": delay_seconds * 1000, **back})
