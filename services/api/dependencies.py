"""What the composition root hands to the endpoints, by way of the application's lifespan."""

from dataclasses import dataclass
from typing import TypedDict, cast

from prometheus_client import CollectorRegistry
from starlette.requests import Request

from common.broker import Publisher
from common.store import Stores
from services.api.auth.authentication import Authenticator
from services.api.auth.url_signing import UrlSigner
from services.api.background.outbox import Outbox
from services.api.limits.capacity import CapacityMonitor
from services.api.limits.rate_limit import ConcurrencyLimiter, RateLimiter
from services.api.metrics import ApiMetrics
from services.api.record_cache import RecordCache
from services.api.settings import ApiSettings
from services.api.uploads.image_info import ImageLimits
from services.api.uploads.recipe_selection import RecipeResolver


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """Everything an endpoint may use."""

    settings: ApiSettings
    stores: Stores
    publisher: Publisher
    outbox: Outbox
    capacity: CapacityMonitor
    access: Authenticator
    signer: UrlSigner
    rate: RateLimiter
    concurrency: ConcurrencyLimiter
    recipes_resolver: RecipeResolver
    limits: ImageLimits
    metrics: ApiMetrics
    recent: RecordCache
    registry: CollectorRegistry
    openapi: bytes


class State(TypedDict):
    """The lifespan's state."""

    services: Dependencies


def dependencies_of(request: Request) -> Dependencies:
    """The services of the application that serves this request."""
    return cast(Dependencies, request.state.services)
