"""The API's composition root: builds the application and, within its lifespan, all that it uses."""

import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from common import recipes, topology
from common.broker import Publisher, open_publisher
from common.errors import DarkroomError
from common.metrics import ConnectionMetrics, registry
from common.presets import load_presets
from common.store import Stores, open_local_stores
from services.api import openapi
from services.api.access import Access
from services.api.admission import Admission
from services.api.background import in_background
from services.api.choosing import Chooser, RecipeLimits
from services.api.headers import SecurityHeaders
from services.api.inspection import PictureLimits
from services.api.keys import KeyRing
from services.api.metrics import ApiMetrics
from services.api.outbox import Outbox
from services.api.problems import HANDLERS
from services.api.recent import Recent
from services.api.routes import routes
from services.api.settings import ApiSettings
from services.api.signing import Signer
from services.api.state import Services, State
from services.api.throttle import Concurrency, RateLimit


@dataclass(frozen=True)
class Files:
    """What the operator's files hold."""

    ring: KeyRing | None
    chooser: Chooser


def create_app(settings: ApiSettings, on_fatal: Callable[[DarkroomError], None]) -> Starlette:
    """The application; `on_fatal` is called when the process cannot go on, and must end it."""
    files = _read_files(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        async with AsyncExitStack() as stack:
            services = await _build(settings, files, stack)
            await stack.enter_async_context(in_background(services, on_fatal))
            yield State(services=services)

    app = Starlette(
        routes=routes(),
        lifespan=lifespan,
        exception_handlers=HANDLERS,
        middleware=_middleware(settings),
    )
    # A redirect would repeat the Host field, which is the client's word, and is no answer in JSON.
    app.router.redirect_slashes = False
    return app


def _middleware(settings: ApiSettings) -> list[Middleware]:
    if not settings.cors_origins:
        return [Middleware(SecurityHeaders)]
    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "HEAD", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Range"],
        expose_headers=["Content-Disposition", "ETag", "Location", "Retry-After"],
    )
    return [Middleware(SecurityHeaders), cors]


async def _build(settings: ApiSettings, files: Files, stack: AsyncExitStack) -> Services:
    stores = await stack.enter_async_context(open_local_stores(Path(settings.store_root)))
    publisher = await stack.enter_async_context(
        open_publisher(
            settings.amqp_url,
            f"api-{socket.gethostname()}-{os.getpid()}",
            declares=topology.jobs(),
            timeout=settings.publish_timeout_seconds,
        )
    )
    services = compose(settings, files, stores, publisher)
    await services.admission.look()
    return services


def compose(settings: ApiSettings, files: Files, stores: Stores, publisher: Publisher) -> Services:
    """All that the endpoints use, around a store and a publisher that are open; tests hand in their own."""
    made = registry()
    ConnectionMetrics(made).watch("publish", lambda: publisher.connected)
    signer = Signer(settings.url_signing_secrets)
    admission = Admission(stores, max_backlog=settings.max_backlog, min_free_bytes=settings.min_free_bytes)
    # Twice what a publish may take: the relay never competes with the request that made the note.
    patience = timedelta(seconds=2 * settings.publish_timeout_seconds)
    return Services(
        settings=settings,
        stores=stores,
        publisher=publisher,
        outbox=Outbox(stores.images, publisher, patience=patience),
        admission=admission,
        access=Access(files.ring, signer),
        signer=signer,
        rate=RateLimit(settings.rate_limit_per_minute, settings.rate_limit_burst),
        concurrency=Concurrency(settings.max_concurrent_uploads),
        limits=PictureLimits(settings.max_pixels, settings.max_frames, settings.max_total_pixels),
        chooser=files.chooser,
        metrics=ApiMetrics(made, admission),
        recent=Recent(stores.images),
        registry=made,
        openapi=openapi.document(keys=files.ring is not None, presets=list(files.chooser.presets)),
    )


def _read_files(settings: ApiSettings) -> Files:
    """Raises ConfigurationError, before anything is started that would have to be ended again."""
    ring = KeyRing(Path(settings.api_keys_file)) if settings.api_keys_file else None
    return Files(ring, _chooser(settings))


def _chooser(settings: ApiSettings) -> Chooser:
    presets = load_presets(
        Path(settings.presets_file) if settings.presets_file else None, default=_default_recipe(settings)
    )
    limits = RecipeLimits(settings.max_outputs, settings.max_operations, settings.max_output_dimension)
    return Chooser(presets, limits, own_recipes=settings.allow_recipes)


def _default_recipe(settings: ApiSettings) -> recipes.Recipe:
    return recipes.default_recipe(
        text=settings.watermark_text,
        large_pixels=settings.large_pixels,
        large_format=settings.large_format,
        thumbnail_pixels=settings.thumbnail_pixels,
        thumbnail_format=settings.thumbnail_format,
    )
