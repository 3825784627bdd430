"""The life of a process that consumes: health server, connection, consumers, watchdog, and an orderly end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from common.broker import (
    Consumer,
    ConsumerChannel,
    Handler,
    QueueRecovery,
    TopologyMonitor,
    open_connection,
    probe,
)
from common.broker.topology import MAX_DELIVERIES, Topology
from common.runtime import health, lifecycle
from common.runtime.lifecycle import EXIT_TEMPFAIL
from common.runtime.metrics import ConnectionMetrics
from common.runtime.settings import CommonSettings
from common.runtime.watchdog import watch

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Subscription:
    """A queue and what handles its deliveries, `prefetch` of them at once.

    A delivery that was requeued `max_requeues` times already is rejected in place of requeued.
    """

    queue: str
    handler: Handler
    prefetch: int = 1
    max_requeues: int = MAX_DELIVERIES - 1


@dataclass
class ConsumerProcess:
    """Consumes its subscriptions until it is asked to stop.

    `wait_open` is awaited before the first delivery is taken, and may raise ConfigurationError. `stuck` is set by
    whoever finds that this process cannot go on. Whoever calls `run` must end the process at once afterward: a thread
    that hangs would keep it forever.
    """

    name: str
    settings: CommonSettings
    topology: Topology
    subscriptions: tuple[Subscription, ...]
    registry: CollectorRegistry
    connections: ConnectionMetrics
    checks: health.Checks = field(default_factory=dict)
    wait_open: Callable[[], Awaitable[None]] | None = None
    stuck: asyncio.Event = field(default_factory=asyncio.Event)
    _consumers: list[Consumer] = field(default_factory=list, init=False)
    _monitor: TopologyMonitor = field(init=False)

    def __post_init__(self) -> None:
        self._monitor = TopologyMonitor(self.topology)

    async def run(self, stop: asyncio.Event) -> int:
        """Consume until `stop` is set; returns the exit code.

        Raises ConfigurationError when the broker does not want us, ConnectionStalledError when the connection is lost
        for good.
        """
        self.connections.watch("consume", self._connected)
        async with AsyncExitStack() as stack:
            checks = self.checks | {"consumer": self._is_consuming, "topology": self._monitor.is_intact}
            await stack.enter_async_context(
                health.serve(self.settings.health_host, self.settings.health_port, checks, self.registry)
            )
            recovery = QueueRecovery(self.settings.amqp_url, self.topology, is_consuming=self._is_consuming)
            await stack.enter_async_context(recovery.running())
            if not await lifecycle.run_until(stop, self._start(stack)):
                return 0
            log.info("service.ready", name=self.name)
            try:
                code = await self._watch(stop)
            finally:
                drained = await self._drain_consumers()
            return code if drained else code or EXIT_TEMPFAIL

    async def _start(self, stack: AsyncExitStack) -> bool:
        if self.wait_open is not None:
            await self.wait_open()
        connection = await stack.enter_async_context(
            open_connection(self.settings.amqp_url, f"{self.name}-consume")
        )
        for each in self.subscriptions:
            channel = ConsumerChannel(connection, each.queue, declared=self.topology, prefetch=each.prefetch)
            consumer = Consumer(channel, each.handler, max_requeues=each.max_requeues)
            self._consumers.append(consumer)
            await consumer.start()
        await stack.enter_async_context(self._monitor.running(connection))
        return True

    async def _watch(self, stop: asyncio.Event) -> int:
        """Wait for a reason to end; returns 0 when the process was asked to stop. Raises what ended the watchdog."""
        url, grace = self.settings.amqp_url, self.settings.watchdog_seconds
        watchdog = asyncio.create_task(watch(self._is_connected, lambda: probe(url), grace_seconds=grace))
        reasons = [asyncio.create_task(stop.wait()), asyncio.create_task(self.stuck.wait()), watchdog]
        try:
            await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
            if watchdog.done():
                watchdog.result()  # raises what ended it
            return 0 if stop.is_set() else EXIT_TEMPFAIL
        finally:
            await _cancelled(reasons)

    async def _drain_consumers(self) -> bool:
        """Take nothing new and finish what is in progress within the grace period; the rest goes back to the queue."""
        await asyncio.gather(*(consumer.stop() for consumer in self._consumers))
        grace = self.settings.shutdown_grace_seconds
        drained = await asyncio.gather(*(consumer.drain(grace) for consumer in self._consumers))
        log.info("service.stopped", name=self.name, drained=all(drained))
        return all(drained)

    def _connected(self) -> bool:
        return bool(self._consumers) and all(consumer.connected for consumer in self._consumers)

    async def _is_consuming(self) -> bool:
        if len(self._consumers) < len(self.subscriptions):
            return False
        return all(await asyncio.gather(*(consumer.is_consuming() for consumer in self._consumers)))

    async def _is_connected(self) -> bool:
        await self._monitor.is_intact()  # raises when the broker holds something else under one of our names
        return await self._is_consuming()


async def _cancelled(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
