"""Handles `GET /healthz`, `/readyz` and `/metrics`, for operators."""

from starlette.requests import Request
from starlette.responses import Response

from common.runtime import health
from services.api.dependencies import dependencies_of
from services.api.readiness import readiness_checks


async def healthz(_: Request) -> Response:
    """Answer that the process lives."""
    return health.alive()


async def readyz(request: Request) -> Response:
    """Answer whether the broker and the store answer: 200, or 503 with which does not."""
    return await health.readiness(readiness_checks(dependencies_of(request)))


async def metrics(request: Request) -> Response:
    """Answer the metrics in Prometheus' text format."""
    return health.metrics(dependencies_of(request).monitoring.registry)
