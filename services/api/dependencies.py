"""Defines what the composition root gives to the endpoints, through the application's lifespan."""

from dataclasses import dataclass
from typing import TypedDict, cast

from prometheus_client import CollectorRegistry
from starlette.requests import Request

from common.broker import Publisher
from common.store import Stores
from services.api.auth.authentication import Authenticator
from services.api.auth.url_signing import UrlSigner
from services.api.background.outbox import Outbox
from services.api.limits.admission import Admission
from services.api.metrics import ApiMetrics
from services.api.record_cache import RecordCache
from services.api.uploads.policy import UploadPolicy


@dataclass(frozen=True, kw_only=True)
class Auth:
    """Tells who sends a request, and signs URLs."""

    authenticator: Authenticator
    signer: UrlSigner


@dataclass(frozen=True, kw_only=True)
class Publishing:
    """The broker: `outbox` for jobs, which must not get lost, `publisher` for the rest."""

    publisher: Publisher
    outbox: Outbox


@dataclass(frozen=True, kw_only=True)
class Monitoring:
    """What is counted, and the registry that `/metrics` shows."""

    metrics: ApiMetrics
    registry: CollectorRegistry


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """Everything an endpoint may use."""

    stores: Stores
    records: RecordCache
    publishing: Publishing
    auth: Auth
    admission: Admission
    uploads: UploadPolicy
    monitoring: Monitoring
    openapi: bytes


class State(TypedDict):
    """The lifespan's state."""

    dependencies: Dependencies


def dependencies_of(request: Request) -> Dependencies:
    """Return the dependencies of the application that serves this request."""
    return cast(Dependencies, request.state.dependencies)
