"""Lists the checks of the API's `/readyz`; the other services' are in `common.runtime.consumer_process`."""

from common.runtime import health
from services.api.dependencies import Dependencies


def readiness_checks(dependencies: Dependencies) -> health.Checks:
    """Return what must answer for the API to be ready, by name."""
    return {"broker": dependencies.publishing.publisher.is_ready, "store": dependencies.stores.images.ping}
