"""What the API does beside answering requests, for as long as its lifespan lasts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from common.broker import probe
from common.errors import DarkroomError
from common.runtime.watchdog import watch
from services.api.background.maintenance import Maintenance
from services.api.dependencies import Dependencies

log = structlog.get_logger(__name__)


def _maintenance(services: Dependencies) -> Maintenance:
    settings = services.settings
    return Maintenance(
        services.stores,
        services.publisher,
        interval_seconds=settings.upkeep_seconds,
        staged_for=timedelta(seconds=settings.staged_seconds),
        keys_for=timedelta(seconds=settings.idempotency_seconds),
        retention=timedelta(days=settings.retention_days) if settings.retention_days else None,
        missing_after=timedelta(seconds=settings.requeue_seconds),
    )


@asynccontextmanager
async def in_background(
    services: Dependencies, on_fatal: Callable[[DarkroomError], None]
) -> AsyncIterator[None]:
    jobs = {
        "outbox": services.outbox.run(),
        "admission": services.capacity.run(),
        "upkeep": _maintenance(services).run(),
        "guard": _guard_link(services, on_fatal),
        "keys": services.access.follow(),
    }
    tasks = [asyncio.create_task(job, name=name) for name, job in jobs.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _guard_link(services: Dependencies, on_fatal: Callable[[DarkroomError], None]) -> None:
    settings = services.settings
    try:
        await services.publisher.ready()
        log.info("service.ready", name="api")
        await watch(
            services.publisher.answers,
            lambda: probe(settings.amqp_url),
            patience_seconds=settings.watchdog_seconds,
        )
    except DarkroomError as error:
        on_fatal(error)
