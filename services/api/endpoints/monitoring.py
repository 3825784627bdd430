"""`GET /healthz`, `/readyz` and `/metrics`, for whoever runs the service."""

from starlette.requests import Request
from starlette.responses import Response

from common.runtime import health
from services.api.dependencies import Dependencies, dependencies_of


def readiness_checks(dependencies: Dependencies) -> health.Checks:
    """Return what must answer for the API to be ready, by name."""
    return {"broker": dependencies.publishing.publisher.is_ready, "store": dependencies.stores.images.ping}


async def healthz(_: Request) -> Response:
    """Answer that the process lives."""
    return health.alive()


async def readyz(request: Request) -> Response:
    """Answer whether the broker and the store answer: 200, or 503 with which does not."""
    return await health.readiness(readiness_checks(dependencies_of(request)))


async def metrics(request: Request) -> Response:
    """Answer the metrics in Prometheus' text format."""
    return health.metrics(dependencies_of(request).monitoring.registry)
