"""What the composition root hands to the endpoints, by way of the application's lifespan."""

from dataclasses import dataclass
from typing import TypedDict, cast

from prometheus_client import CollectorRegistry
from starlette.requests import Request

from common.broker import Publisher
from common.store import Stores
from services.api.access import Access
from services.api.admission import Admission
from services.api.choosing import Chooser
from services.api.inspection import PictureLimits
from services.api.metrics import ApiMetrics
from services.api.outbox import Outbox
from services.api.recent import Recent
from services.api.settings import ApiSettings
from services.api.signing import Signer
from services.api.throttle import Concurrency, RateLimit


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything an endpoint may use."""

    settings: ApiSettings
    stores: Stores
    publisher: Publisher
    outbox: Outbox
    admission: Admission
    access: Access
    signer: Signer
    rate: RateLimit
    concurrency: Concurrency
    chooser: Chooser
    limits: PictureLimits
    metrics: ApiMetrics
    recent: Recent
    registry: CollectorRegistry
    openapi: bytes


class State(TypedDict):
    """The lifespan's state."""

    services: Services


def services_of(request: Request) -> Services:
    """The services of the application that serves this request."""
    return cast(Services, request.state.services)
