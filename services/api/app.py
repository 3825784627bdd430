"""The API's composition root: builds the application and, within its lifespan, all that it uses."""

import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware

from common.broker import Publisher, open_publisher, topology
from common.errors import DarkroomError
from common.inspection.limits import ImageLimits
from common.runtime import health
from common.runtime.metrics import ConnectionMetrics, registry
from common.store import StoreOpener, Stores, select_store
from services.api.auth.authentication import Authenticator
from services.api.auth.url_signing import UrlSigner
from services.api.background.event_relay import EventRelay
from services.api.background.lost_jobs import LostJobFinder
from services.api.background.outbox import Outbox
from services.api.background.runner import Loops, guard_connection, maintenance, run_in_background
from services.api.dependencies import Auth, Dependencies, Monitoring, Publishing, State
from services.api.http.cors import cors_middleware
from services.api.http.problems import HANDLERS
from services.api.http.security_headers import SecurityHeadersMiddleware
from services.api.limits.admission import Admission
from services.api.limits.capacity import CapacityMonitor
from services.api.limits.concurrency import ConcurrencyLimiter
from services.api.limits.pending_quota import PendingQuota
from services.api.limits.token_bucket import RateLimiter
from services.api.limits.upload_timeouts import UploadTimeouts
from services.api.metrics import ApiMetrics
from services.api.openapi.document import document
from services.api.operator_files import OperatorFiles, read_operator_files
from services.api.readiness import readiness_checks
from services.api.record_cache import RecordCache
from services.api.routes import ROUTES, routes
from services.api.settings import ApiSettings
from services.api.uploads.policy import UploadPolicy


def create_app(settings: ApiSettings, on_fatal: Callable[[DarkroomError], None]) -> Starlette:
    """Return the application; `on_fatal` is called when the process cannot go on, and must end it."""
    files = read_operator_files(settings)
    open_stores = select_store(settings.store_url, root=settings.store_root)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        async with AsyncExitStack() as stack:
            dependencies = await _build(settings, files, open_stores, stack)
            loops = _loops(settings, dependencies, on_fatal)
            await stack.enter_async_context(run_in_background(loops))
            await stack.enter_async_context(
                health.serve(
                    settings.health_host,
                    settings.health_port,
                    readiness_checks(dependencies),
                    dependencies.monitoring.registry,
                )
            )
            yield State(dependencies=dependencies)

    app = Starlette(
        routes=routes(with_monitoring=settings.health_port == 0),
        lifespan=lifespan,
        exception_handlers=HANDLERS,
        middleware=[Middleware(SecurityHeadersMiddleware), *cors_middleware(settings.cors_origins)],
    )
    # A redirect would repeat the Host field, which the client chooses, and is no answer in JSON.
    app.router.redirect_slashes = False
    return app


async def _build(
    settings: ApiSettings, files: OperatorFiles, open_stores: StoreOpener, stack: AsyncExitStack
) -> Dependencies:
    stores = await stack.enter_async_context(open_stores())
    publisher = await stack.enter_async_context(
        open_publisher(
            settings.amqp_url,
            f"api-{socket.gethostname()}-{os.getpid()}",
            declared=topology.jobs(settings.retry_delays_seconds),
            timeout=settings.publish_timeout_seconds,
        )
    )
    dependencies = compose(settings, files, stores, publisher)
    await dependencies.admission.capacity.refresh()
    await dependencies.admission.quota.refresh()
    return dependencies


def _loops(
    settings: ApiSettings, dependencies: Dependencies, on_fatal: Callable[[DarkroomError], None]
) -> Loops:
    publisher, outbox = dependencies.publishing.publisher, dependencies.publishing.outbox
    in_hand_for = timedelta(seconds=settings.requeue_seconds)
    return {
        "outbox": outbox.run,
        "events": EventRelay(dependencies.stores, publisher, grace_period=_grace_period(settings)).run,
        "lost_jobs": LostJobFinder(
            dependencies.stores,
            publisher,
            outbox,
            in_hand_for=in_hand_for,
            longest_delay=timedelta(seconds=max(settings.retry_delays_seconds, default=0)),
        ).run,
        "capacity": dependencies.admission.capacity.run,
        "pending_quota": dependencies.admission.quota.run,
        "maintenance": maintenance(settings, dependencies.stores, publisher).run,
        "connection": partial(guard_connection, settings, publisher, on_fatal),
        "keys": dependencies.auth.authenticator.follow,
    }


def compose(
    settings: ApiSettings, files: OperatorFiles, stores: Stores, publisher: Publisher
) -> Dependencies:
    """Return all that the endpoints use, around a store and a publisher that are open; tests hand in their own."""
    metrics_registry = registry()
    ConnectionMetrics(metrics_registry).watch("publish", lambda: publisher.connected)
    signer = UrlSigner(settings.url_signing_secrets, settings.signed_url_max_seconds)
    capacity = CapacityMonitor(
        stores, max_backlog=settings.max_backlog, min_free_bytes=settings.min_free_bytes
    )
    return Dependencies(
        stores=stores,
        records=RecordCache(stores.images, max_bytes=settings.record_cache_bytes),
        publishing=Publishing(
            publisher=publisher, outbox=Outbox(stores, publisher, grace_period=_grace_period(settings))
        ),
        auth=Auth(authenticator=Authenticator(files.api_keys, signer), signer=signer),
        admission=_admission(settings, stores, capacity),
        uploads=_upload_policy(settings, files),
        monitoring=Monitoring(metrics=ApiMetrics(metrics_registry, capacity), registry=metrics_registry),
        openapi=document(ROUTES, keys=files.api_keys is not None, presets=list(files.recipes.presets)),
    )


def _grace_period(settings: ApiSettings) -> timedelta:
    """Return twice what a publish may take: no relay competes with the request that left something to it."""
    return timedelta(seconds=2 * settings.publish_timeout_seconds)


def _admission(settings: ApiSettings, stores: Stores, capacity: CapacityMonitor) -> Admission:
    return Admission(
        rate=RateLimiter(settings.rate_limit_per_minute, settings.rate_limit_burst),
        capacity=capacity,
        quota=PendingQuota(
            stores.images, limit=settings.max_pending_per_client, max_pending=settings.max_backlog
        ),
        uploads=ConcurrencyLimiter(
            settings.max_concurrent_uploads, per_client=settings.max_concurrent_uploads_per_client
        ),
    )


def _upload_policy(settings: ApiSettings, files: OperatorFiles) -> UploadPolicy:
    return UploadPolicy(
        max_bytes=settings.max_upload_bytes,
        max_files=settings.max_files_per_upload,
        timeouts=UploadTimeouts(
            settings.upload_idle_seconds, settings.upload_seconds, settings.min_upload_bytes_per_second
        ),
        request_timeouts=UploadTimeouts(
            settings.request_body_seconds, settings.request_body_seconds, bytes_per_second=0
        ),
        image_limits=ImageLimits.of(settings),
        recipes=files.recipes,
    )
