"""A virtual host of a test's own, looked at and disturbed from outside, as an operator would."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aio_pika
from aio_pika.exceptions import ChannelNotFoundEntity

from tests.support.broker.management import Management
from tests.support.waiting import wait_until


@dataclass(frozen=True)
class Vhost:
    """One virtual host of a node; `url` is what a service is given."""

    management: Management
    name: str
    url: str

    def through(self, port: int) -> str:
        """The URL by way of a proxy that listens on `port`."""
        head, _, tail = self.url.rpartition("@")
        return f"{head}@{tail.split(':')[0]}:{port}/{self.name}"

    def tap(self, exchange: str) -> str:
        """A new queue that gets every message of a fanout exchange; the exchange is made if it is missing."""
        queue = f"tap-{uuid4().hex[:8]}"
        fanout = {"type": "fanout", "durable": True}
        self.management.call("PUT", "exchanges", self.name, exchange, body=fanout)
        self.management.call("PUT", "queues", self.name, queue, body={"durable": True})
        self.bind(exchange, queue)
        return queue

    def bind(self, exchange: str, queue: str) -> None:
        """Bind a queue to a fanout exchange."""
        self.management.call("POST", "bindings", self.name, "e", exchange, "q", queue, body={})

    def add_full_queue(self, queue: str, *, bound_to: str) -> None:
        """Add a stranger's queue that holds all it may, so that the broker refuses whatever is routed to it."""
        arguments = {"x-max-length": 1, "x-overflow": "reject-publish"}
        self.management.call(
            "PUT", "queues", self.name, queue, body={"durable": True, "arguments": arguments}
        )
        self.publish(queue, "{}")
        self.bind(bound_to, queue)

    def take(self, queue: str, count: int = 1000) -> list[dict[str, Any]]:
        """The messages that are ready in the queue, taken off it, as the management API shows them."""
        order = {"count": count, "ackmode": "ack_requeue_false", "encoding": "auto"}
        messages: list[dict[str, Any]] = self.management.call(
            "POST", "queues", self.name, queue, "get", body=order
        )
        return messages

    def take_json(self, queue: str) -> list[dict[str, Any]]:
        """Return the bodies of the messages that are ready, taken off the queue."""
        return [json.loads(message["payload"]) for message in self.take(queue)]

    def publish(self, queue: str, payload: str) -> None:
        """Put a message on a queue as anybody might."""
        message = {
            "properties": {"delivery_mode": 2},
            "routing_key": queue,
            "payload": payload,
            "payload_encoding": "string",
        }
        answer = self.management.call("POST", "exchanges", self.name, "amq.default", "publish", body=message)
        assert answer["routed"], f"{queue} is not there"

    def purge(self, queue: str) -> None:
        """Throw away what is ready in the queue."""
        self.management.call("DELETE", "queues", self.name, queue, "contents")

    def delete_queue(self, queue: str) -> None:
        """The queue with all that is in it."""
        self.management.call("DELETE", "queues", self.name, queue)

    def queues(self) -> set[str]:
        """The names of all queues."""
        return {queue["name"] for queue in self.management.call("GET", "queues", self.name)}

    def length(self, queue: str) -> int:
        """How many messages are ready, asked of the queue itself: what the management page shows is seconds old."""
        return asyncio.run(length(self.url, queue))

    def wait_length(self, queue: str, expected: int, *, within: float = 30.0) -> None:
        """Wait until exactly so many are ready."""
        wait_until(
            lambda: self.length(queue) == expected, f"{expected} messages ready in {queue}", within=within
        )

    def close(self) -> None:
        """Remove the virtual host; connections to it are closed."""
        self.management.call("DELETE", "vhosts", self.name)


async def length(url: str, queue: str) -> int:
    """How many messages are ready in the queue; -1 when there is no such queue."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        try:
            declared = await channel.declare_queue(queue, passive=True)
        except ChannelNotFoundEntity:
            return -1
        return declared.declaration_result.message_count or 0
