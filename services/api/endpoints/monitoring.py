"""For whoever runs it: is the process alive, is it ready, and what has it counted."""

from starlette.requests import Request
from starlette.responses import Response

from common.runtime import health
from services.api.dependencies import dependencies_of


async def healthz(_: Request) -> Response:
    """The process lives."""
    return health.alive()


async def readyz(request: Request) -> Response:
    """The broker and the store answer."""
    services = dependencies_of(request)
    return await health.readiness(
        {"broker": services.publishing.publisher.answers, "store": services.stores.images.ping}
    )


async def metrics(request: Request) -> Response:
    """The metrics in Prometheus' text format."""
    return health.metrics(dependencies_of(request).monitoring.registry)
