"""The life of a process that consumes: health server, connection, consumers, watchdog, and an orderly end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from common.broker import Consumer, Handler, open_connection, probe
from common.broker.topology import Topology
from common.runtime import health, lifecycle
from common.runtime.lifecycle import EXIT_TEMPFAIL
from common.runtime.metrics import ConnectionMetrics
from common.runtime.settings import CommonSettings
from common.runtime.watchdog import watch

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Subscription:
    """A queue, what handles its deliveries, and how many at once."""

    queue: str
    handler: Handler
    prefetch: int = 1


@dataclass
class ConsumerProcess:
    """Consumes its subscriptions until it is asked to stop.

    `ready` is awaited before the first delivery is taken, and may raise ConfigurationError. `stuck` is set by whoever
    finds that this process cannot go on. Whoever calls `run` must end the process at once afterwards: a thread that
    hangs would keep it for ever.
    """

    name: str
    settings: CommonSettings
    declares: Topology
    subscriptions: tuple[Subscription, ...]
    registry: CollectorRegistry
    connections: ConnectionMetrics
    checks: health.Checks = field(default_factory=dict)
    ready: Callable[[], Awaitable[None]] | None = None
    stuck: asyncio.Event = field(default_factory=asyncio.Event)
    _consumers: list[Consumer] = field(default_factory=list, init=False)

    async def run(self, stop: asyncio.Event) -> int:
        """Returns the exit code."""
        self.connections.watch("consume", self._connected)
        async with AsyncExitStack() as stack:
            checks = self.checks | {"consumer": self._consuming}
            await stack.enter_async_context(
                health.serve(self.settings.health_host, self.settings.health_port, checks, self.registry)
            )
            if not await lifecycle.run_until(stop, self._start(stack)):
                return 0
            log.info("service.ready", name=self.name)
            keeping = [asyncio.create_task(consumer.keep()) for consumer in self._consumers]
            try:
                code = await self._watch(stop)
            finally:
                await _cancelled(keeping)
                drained = await self._drain_consumers()
            return code if drained else code or EXIT_TEMPFAIL

    async def _start(self, stack: AsyncExitStack) -> bool:
        if self.ready is not None:
            await self.ready()
        connection = await stack.enter_async_context(
            open_connection(self.settings.amqp_url, f"{self.name}-consume")
        )
        for each in self.subscriptions:
            consumer = Consumer(
                connection, each.queue, each.handler, declares=self.declares, prefetch=each.prefetch
            )
            await consumer.start()
            self._consumers.append(consumer)
        return True

    async def _watch(self, stop: asyncio.Event) -> int:
        """Wait for a reason to end; 0 when we were asked to."""
        url, grace = self.settings.amqp_url, self.settings.watchdog_seconds
        watchdog = asyncio.create_task(watch(self._consuming, lambda: probe(url), grace_seconds=grace))
        reasons = [asyncio.create_task(stop.wait()), asyncio.create_task(self.stuck.wait()), watchdog]
        try:
            await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
            if watchdog.done():
                watchdog.result()  # raises what ended it
            return 0 if stop.is_set() else EXIT_TEMPFAIL
        finally:
            await _cancelled(reasons)

    async def _drain_consumers(self) -> bool:
        """Take nothing new, finish what is in hand within the grace period; the rest goes back to the queue."""
        await asyncio.gather(*(consumer.stop() for consumer in self._consumers))
        grace = self.settings.shutdown_grace_seconds
        drained = await asyncio.gather(*(consumer.drain(grace) for consumer in self._consumers))
        log.info("service.stopped", name=self.name, drained=all(drained))
        return all(drained)

    def _connected(self) -> bool:
        return bool(self._consumers) and all(consumer.connected for consumer in self._consumers)

    async def _consuming(self) -> bool:
        if not self._consumers:
            return False
        return all(await asyncio.gather(*(consumer.consuming() for consumer in self._consumers)))


async def _cancelled(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
