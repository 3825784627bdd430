"""The API's composition root: builds the application and, within its lifespan, all that it uses."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware

from common import recipes, topology
from common.broker import open_publisher, probe
from common.errors import DarkroomError
from common.metrics import ConnectionMetrics, registry
from common.store import open_local_stores
from common.watchdog import watch
from services.api.admission import Admission
from services.api.headers import SecurityHeaders
from services.api.metrics import ApiMetrics
from services.api.outbox import Outbox
from services.api.problems import HANDLERS
from services.api.routes import routes
from services.api.settings import ApiSettings
from services.api.state import Services, State
from services.api.upkeep import Upkeep

log = structlog.get_logger(__name__)


def create_app(settings: ApiSettings, on_fatal: Callable[[DarkroomError], None]) -> Starlette:
    """The application; `on_fatal` is called when the process cannot go on, and must end it."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        async with AsyncExitStack() as stack:
            services = await _build(settings, stack)
            await stack.enter_async_context(_in_background(services, on_fatal))
            yield State(services=services)

    return Starlette(
        routes=routes(),
        lifespan=lifespan,
        exception_handlers=HANDLERS,
        middleware=[Middleware(SecurityHeaders)],
    )


async def _build(settings: ApiSettings, stack: AsyncExitStack) -> Services:
    made = registry()
    stores = await stack.enter_async_context(open_local_stores(Path(settings.store_root)))
    publisher = await stack.enter_async_context(
        open_publisher(
            settings.amqp_url,
            f"api-{socket.gethostname()}-{os.getpid()}",
            declares=topology.jobs(),
            timeout=settings.publish_timeout_seconds,
        )
    )
    ConnectionMetrics(made).watch("publish", lambda: publisher.connected)
    admission = Admission(stores, max_backlog=settings.max_backlog, min_free_bytes=settings.min_free_bytes)
    await admission.look()
    return Services(
        settings=settings,
        stores=stores,
        publisher=publisher,
        # Twice what a publish may take: the relay never competes with the request that made the note.
        outbox=Outbox(
            stores.images, publisher, patience=timedelta(seconds=2 * settings.publish_timeout_seconds)
        ),
        admission=admission,
        recipe=_recipe(settings),
        metrics=ApiMetrics(made, admission),
        registry=made,
    )


def _recipe(settings: ApiSettings) -> recipes.Recipe:
    return recipes.default_recipe(
        text=settings.watermark_text,
        large_pixels=settings.large_pixels,
        large_format=settings.large_format,
        thumbnail_pixels=settings.thumbnail_pixels,
        thumbnail_format=settings.thumbnail_format,
    )


def _upkeep(services: Services) -> Upkeep:
    settings = services.settings
    return Upkeep(
        services.stores,
        services.publisher,
        interval_seconds=settings.upkeep_seconds,
        staged_for=timedelta(seconds=settings.staged_seconds),
        keys_for=timedelta(seconds=settings.idempotency_seconds),
        retention=timedelta(days=settings.retention_days) if settings.retention_days else None,
        missing_after=timedelta(seconds=settings.requeue_seconds),
    )


@asynccontextmanager
async def _in_background(
    services: Services, on_fatal: Callable[[DarkroomError], None]
) -> AsyncIterator[None]:
    jobs = {
        "outbox": services.outbox.run(),
        "admission": services.admission.run(),
        "upkeep": _upkeep(services).run(),
        "guard": _guard_link(services, on_fatal),
    }
    tasks = [asyncio.create_task(job, name=name) for name, job in jobs.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _guard_link(services: Services, on_fatal: Callable[[DarkroomError], None]) -> None:
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
