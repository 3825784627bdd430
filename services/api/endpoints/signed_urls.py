"""`POST /signatures`: makes signed URLs for whoever has a key; a backend that holds the secret may make them itself."""

import time
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from common.model import image_ids
from services.api.auth.url_signing import MAX_LIFETIME_SECONDS, SignedUrlClaims, may_be_signed
from services.api.dependencies import Dependencies, dependencies_of
from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem, image_not_found
from services.api.http.responses import MsgspecResponse
from services.api.openapi.schemas import SignedUrl

_MAX_BODY = 4096


class SignatureRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be allowed, and for how long."""

    method: Literal["GET", "POST"]
    path: Annotated[str, Meta(max_length=256)]
    expires_in: Annotated[int, Meta(ge=1, le=MAX_LIFETIME_SECONDS)] = 3600
    max_bytes: Annotated[int, Meta(ge=1)] | None = None


async def create(request: Request) -> Response:
    """A signed URL for a file or a status of the principal's, or for an upload in the principal's name."""
    services = dependencies_of(request)
    principal = services.auth.authenticator.authenticate(request)
    if not services.auth.signer.active:
        raise Problem(ProblemCode.SIGNING_OFF, "no URL_SIGNING_SECRETS are configured")
    wanted = await _read(request)
    if not may_be_signed(wanted.method, wanted.path):
        raise Problem(
            ProblemCode.INVALID_PARAMETER, "path must be /upload, or a path below /images/ or /status/"
        )
    if wanted.method == "GET":
        await _require_own(services, request, wanted.path)
    grant = SignedUrlClaims(
        method=wanted.method,
        path=wanted.path,
        expires=int(time.time()) + wanted.expires_in,
        owner=principal.owner or "",
        max_bytes=wanted.max_bytes,
    )
    return MsgspecResponse(SignedUrl(url=services.auth.signer.url(grant), expires=grant.expires), 201)


async def _read(request: Request) -> SignatureRequest:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise Problem(ProblemCode.BODY_TOO_LARGE, f"at most {_MAX_BODY} bytes")
    try:
        return msgspec.json.decode(body, type=SignatureRequest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(ProblemCode.INVALID_PARAMETER, str(error)) from error


async def _require_own(services: Dependencies, request: Request, path: str) -> None:
    image_id = path.split("/")[2]
    if not image_ids.is_valid(image_id):
        raise image_not_found()
    services.auth.authenticator.authenticate(request).require(await services.stores.images.read(image_id))
