"""Runs what the API does beside answering requests, for as long as its lifespan lasts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import structlog

from common.broker import Publisher, probe
from common.errors import DarkroomError
from common.runtime.watchdog import watch
from common.store import Stores
from services.api.background.maintenance import Maintenance
from services.api.settings import ApiSettings

log = structlog.get_logger(__name__)

Loops = Mapping[str, Callable[[], Coroutine[Any, Any, None]]]
"""What runs until it is cancelled, by name."""


@asynccontextmanager
async def run_in_background(loops: Loops) -> AsyncIterator[None]:
    """Run all `loops` while the context lasts, and cancel them at its end."""
    tasks = [asyncio.create_task(loop(), name=name) for name, loop in loops.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def maintenance(settings: ApiSettings, stores: Stores, publisher: Publisher) -> Maintenance:
    """Return the maintenance of the store as it is configured."""
    return Maintenance(
        stores,
        publisher,
        interval_seconds=settings.maintenance_seconds,
        staged_for=timedelta(seconds=settings.staged_seconds),
        keys_for=timedelta(seconds=settings.idempotency_seconds),
        retention=timedelta(days=settings.retention_days) if settings.retention_days else None,
    )


async def guard_connection(
    settings: ApiSettings, publisher: Publisher, on_fatal: Callable[[DarkroomError], None]
) -> None:
    """Watch the connection to the broker; call `on_fatal` when this process cannot go on without a restart."""
    try:
        await publisher.wait_open()
        log.info("service.ready", name="api")
        await watch(
            publisher.is_connected,
            lambda: probe(settings.amqp_url),
            grace_seconds=settings.watchdog_seconds,
        )
    except DarkroomError as error:
        on_fatal(error)
