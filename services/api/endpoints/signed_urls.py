"""Handles `POST /signatures`: makes signed URLs for holders of a key; a backend with the secret may make its own."""

import time
from collections.abc import AsyncIterator
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from common.model import image_ids
from services.api.auth.authentication import principal_of
from services.api.auth.url_signing import SignedUrlClaims, may_be_signed
from services.api.dependencies import Dependencies, dependencies_of
from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem, image_not_found
from services.api.http.responses import MsgspecResponse
from services.api.openapi.schemas import SignatureRequest, SignedUrl

_MAX_BODY: Final = 4096
_DEFAULT_SECONDS: Final = 3600


async def create(request: Request) -> Response:
    """Answer a signed URL for a file or a status of the principal's, or for an upload in the principal's name."""
    services = dependencies_of(request)
    signer = services.auth.signer
    if not signer.active:
        raise Problem(ProblemCode.SIGNING_OFF, "no URL_SIGNING_SECRETS are configured")
    wanted = await _read(services.uploads.request_timeouts.enforce(request.stream()))
    seconds = _checked_lifetime(wanted, signer.max_seconds)
    if wanted.method == "GET":
        await _require_own(services, request, wanted.path)
    claims = SignedUrlClaims(
        method=wanted.method,
        path=wanted.path,
        expires=int(time.time() + seconds),
        owner=principal_of(request).owner or "",
        max_bytes=wanted.max_bytes,
    )
    return MsgspecResponse(SignedUrl(url=signer.url(claims), expires=claims.expires), 201)


def _checked_lifetime(wanted: SignatureRequest, max_seconds: float) -> float:
    """Return for how many seconds the URL is to be valid. Raises Problem 422 for what would be refused later."""
    if not may_be_signed(wanted.method, wanted.path):
        raise _invalid("path must be /upload with POST, or a path below /images/ or /status/ with GET")
    if wanted.method == "GET" and wanted.max_bytes is not None:
        raise _invalid("max_bytes is for uploads")
    if wanted.expires_in is None:
        return min(_DEFAULT_SECONDS, max_seconds)
    if wanted.expires_in > max_seconds:
        raise _invalid(f"expires_in is {max_seconds:g} s at most")
    return wanted.expires_in


def _invalid(detail: str) -> Problem:
    return Problem(ProblemCode.INVALID_PARAMETER, detail)


async def _read(stream: AsyncIterator[bytes]) -> SignatureRequest:
    body = b""
    async for chunk in stream:
        body += chunk
        if len(body) > _MAX_BODY:
            raise Problem(ProblemCode.BODY_TOO_LARGE, f"at most {_MAX_BODY} bytes")
    try:
        return msgspec.json.decode(body, type=SignatureRequest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _invalid(str(error)) from error


async def _require_own(services: Dependencies, request: Request, path: str) -> None:
    image_id = path.split("/")[2]
    if not image_ids.is_valid(image_id):
        raise image_not_found()
    principal_of(request).require(await services.stores.images.read(image_id))
