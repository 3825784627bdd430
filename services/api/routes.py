"""Every route of the API in one table: path, method, who may call it, and what it takes and answers.

A route is closed unless its row says otherwise. The routing and the OpenAPI document are made from this table, and
authentication happens here, before any endpoint runs.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from common.model.status import StatusView
from services.api.auth.authentication import Access
from services.api.dependencies import dependencies_of
from services.api.endpoints import files, images, monitoring, openapi, presets, retries, signed_urls, uploads
from services.api.http.problem_codes import ProblemCode as Code
from services.api.http.responses import LingeringResponse
from services.api.openapi import parameters, schemas
from services.api.openapi.operation import IMAGE, Answer, Parameter

Endpoint = Callable[[Request], Awaitable[Response | LingeringResponse]]

_READS: Final = (Code.IMAGE_NOT_FOUND, Code.RECORD_UNREADABLE, Code.STORE_UNAVAILABLE)
_LISTS: Final = (Code.INVALID_PARAMETER, Code.STORE_UNAVAILABLE)
_FILE: Final = {
    200: Answer("The file", IMAGE, headers=("ETag", "Last-Modified", "Cache-Control", "Content-Disposition")),
    206: Answer("A range of it", IMAGE, headers=("ETag", "Last-Modified", "Content-Range")),
    304: Answer("Not modified", headers=("ETag", "Cache-Control")),
}
_ADMISSION: Final = (
    Code.RATE_LIMITED, Code.TOO_MANY_PENDING_IMAGES, Code.BACKLOG_FULL, Code.DISK_RESERVE, Code.STORE_UNAVAILABLE,
)  # fmt: skip
_UPLOAD_PROBLEMS: Final = (
    Code.MALFORMED_MULTIPART, Code.INVALID_IDEMPOTENCY_KEY, Code.UPLOAD_TIMEOUT, Code.IDEMPOTENCY_KEY_REUSED,
    Code.MULTIPART_LIMIT, Code.TOO_MANY_FILES, Code.UPLOAD_TOO_LARGE, Code.UNSUPPORTED_FORMAT,
    Code.UNSUPPORTED_MEDIA_TYPE, Code.EMPTY_FILE, Code.IMAGE_TOO_LARGE, Code.INVALID_PARAMETER, Code.INVALID_RECIPE,
    Code.MISSING_FILE, Code.RECIPES_OFF, Code.UNKNOWN_FIELD, Code.UNKNOWN_PRESET, *_ADMISSION,
    Code.TOO_MANY_CLIENT_UPLOADS, Code.TOO_MANY_UPLOADS, Code.STORE_FULL,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ApiRoute:
    """A row: `GET` answers `HEAD` as well; an `internal` route is for operators, and in no document.

    a `monitoring` route tells about the service itself, and moves to `HEALTH_PORT` where one is set.
    `around` wraps authentication and the endpoint together, for what must happen even to a refused request.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    endpoint: Endpoint
    operation_id: str
    summary: str
    access: Access = Access.KEY
    parameters: tuple[Parameter, ...] = ()
    body: type | Mapping[str, Any] | None = None
    answers: Mapping[int, Answer] = field(default_factory=dict)
    refusals: tuple[Code, ...] = ()
    internal: bool = False
    monitoring: bool = False
    around: Callable[[Endpoint], Endpoint] | None = None

    @property
    def problems(self) -> tuple[Code, ...]:
        """All that the route may refuse with, those of authentication among them."""
        return self.refusals + self.access.problems

    @property
    def credentials(self) -> tuple[str, ...]:
        """The security schemes of the document, any of which is enough."""
        return self.access.credentials

    def guarded(self) -> Endpoint:
        """Return the endpoint behind authentication."""

        async def authenticated(request: Request) -> Response | LingeringResponse:
            if self.access is not Access.ANYONE:
                authenticator = dependencies_of(request).auth.authenticator
                request.state.principal = authenticator.authenticate(request, self.access)
            return await self.endpoint(request)

        return self.around(authenticated) if self.around else authenticated


ROUTES: Final = (
    ApiRoute(
        method="POST", path="/upload", endpoint=uploads.upload, operation_id="uploadImages",
        summary="Upload one image or several", access=Access.KEY_OR_SIGNED_URL, around=uploads.answer_refusals,
        parameters=parameters.UPLOAD, body=parameters.UPLOAD_BODY, refusals=_UPLOAD_PROBLEMS,
        answers={202: Answer("Durable, and to be developed", (schemas.Accepted, schemas.AcceptedMany), ("Location",))},
    ),
    ApiRoute(
        method="POST", path="/signatures", endpoint=signed_urls.create, operation_id="createSignedUrl",
        summary="Make a signed URL that needs no key", body=schemas.SignatureRequest,
        answers={201: Answer("The URL", schemas.SignedUrl)},
        refusals=(*_READS, Code.SIGNING_OFF, Code.UPLOAD_TIMEOUT, Code.BODY_TOO_LARGE, Code.INVALID_PARAMETER),
    ),
    ApiRoute(
        method="GET", path="/status/{image_id}", endpoint=files.status, operation_id="getStatus",
        summary="The image's status", access=Access.KEY_OR_SIGNED_URL, parameters=(parameters.IMAGE_ID,),
        answers={200: Answer("Its status", StatusView)}, refusals=_READS,
    ),
    ApiRoute(
        method="GET", path="/images", endpoint=images.list_images, operation_id="listImages",
        summary="Images, newest first", parameters=(parameters.STATUS, parameters.LIMIT, parameters.CURSOR),
        answers={200: Answer("A page of them", schemas.ImageList)}, refusals=_LISTS,
    ),
    ApiRoute(
        method="POST", path="/images/retry", endpoint=retries.retry_failed, operation_id="retryFailedImages",
        summary="Develop all failed images again", parameters=(parameters.SINCE, parameters.CURSOR),
        answers={202: Answer("Which", schemas.Retried)}, refusals=(Code.INVALID_PARAMETER, *_ADMISSION),
    ),
    ApiRoute(
        method="GET", path="/images/{image_id}", endpoint=files.whole_record, operation_id="getImage",
        summary="All that is known of the image", access=Access.KEY_OR_SIGNED_URL, parameters=(parameters.IMAGE_ID,),
        answers={200: Answer("The record", schemas.ImageRecord)}, refusals=_READS,
    ),
    ApiRoute(
        method="DELETE", path="/images/{image_id}", endpoint=images.delete, operation_id="deleteImage",
        summary="Remove the image and all that was made of it", parameters=(parameters.IMAGE_ID,),
        answers={204: Answer("Removed")}, refusals=_READS,
    ),
    ApiRoute(
        method="POST", path="/images/{image_id}/retry", endpoint=retries.retry, operation_id="retryImage",
        summary="Develop a failed image again", parameters=(parameters.IMAGE_ID,),
        answers={202: Answer("To be developed", schemas.Accepted, ("Location",))},
        refusals=(Code.IMAGE_NOT_FOUND, Code.RECORD_UNREADABLE, Code.NOT_FAILED, *_ADMISSION),
    ),
    ApiRoute(
        method="GET", path="/images/{image_id}/original", endpoint=files.original, operation_id="getOriginal",
        summary="The bytes as they came", access=Access.KEY_OR_SIGNED_URL,
        parameters=(parameters.IMAGE_ID, *parameters.CONDITIONAL), answers=_FILE,
        refusals=(*_READS, Code.PRECONDITION_FAILED, Code.RANGE_NOT_SATISFIABLE),
    ),
    ApiRoute(
        method="GET", path="/images/{image_id}/{output}", endpoint=files.output, operation_id="getOutput",
        summary="A developed file; of several formats the one that Accept asks for",
        access=Access.KEY_OR_SIGNED_URL, answers=_FILE,
        parameters=(parameters.IMAGE_ID, parameters.OUTPUT, *parameters.CONDITIONAL),
        refusals=(
            *_READS, Code.OUTPUT_NOT_FOUND, Code.OUTPUT_NOT_READY, Code.PRECONDITION_FAILED, Code.RANGE_NOT_SATISFIABLE,
        ),
    ),
    ApiRoute(
        method="GET", path="/presets", endpoint=presets.list_presets, operation_id="listPresets",
        summary="What can be asked for by name", answers={200: Answer("The presets", schemas.PresetList)},
    ),
    ApiRoute(
        method="GET", path="/openapi.json", endpoint=openapi.openapi, operation_id="getOpenApi",
        summary="This document", access=Access.ANYONE, internal=True,
    ),
    ApiRoute(
        method="GET", path="/healthz", endpoint=monitoring.healthz, operation_id="getHealth",
        summary="The process lives", access=Access.ANYONE, internal=True,
    ),
    ApiRoute(
        method="GET", path="/readyz", endpoint=monitoring.readyz, operation_id="getReadiness",
        summary="The broker and the store answer", access=Access.ANYONE, internal=True, monitoring=True,
    ),
    ApiRoute(
        method="GET", path="/metrics", endpoint=monitoring.metrics, operation_id="getMetrics",
        summary="The metrics in Prometheus' text format", access=Access.ANYONE, internal=True, monitoring=True,
    ),
)  # fmt: skip


def routes(*, with_monitoring: bool = True) -> list[BaseRoute]:
    """Return the routing table; the first match wins. The methods of a path are one route, so that a 405 names all.

    Without monitoring, `/readyz` and `/metrics` are left to a port of their own.
    """
    by_path: dict[str, dict[str, Endpoint]] = {}
    for row in ROUTES:
        if row.monitoring and not with_monitoring:
            continue
        by_path.setdefault(row.path, {})[row.method] = row.guarded()
    return [Route(path, _dispatch(methods), methods=list(methods)) for path, methods in by_path.items()]


def _dispatch(methods: Mapping[str, Endpoint]) -> Endpoint:
    async def endpoint(request: Request) -> Response | LingeringResponse:
        return await methods["GET" if request.method == "HEAD" else request.method](request)

    return endpoint
