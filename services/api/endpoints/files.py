"""Handles `GET /status/{image_id}`, `GET /images/{image_id}`, and the files below it."""

from pathlib import PurePath
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from common.model import image_ids
from common.model.records import Record
from common.store import ORIGINAL
from services.api.auth.authentication import principal_of
from services.api.dependencies import dependencies_of
from services.api.http.content_negotiation import negotiate
from services.api.http.file_response import file_response
from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem, image_not_found
from services.api.http.responses import MsgspecResponse
from services.api.http.security_headers import MAY_BE_EMBEDDED
from services.api.openapi.schemas import ImageRecord
from services.api.record_cache import CachedRecord

_FOREVER: Final = "max-age=31536000, immutable"
_NO_STORE: Final = {"Cache-Control": "no-store"}


async def status(request: Request) -> Response:
    """Answer the image's status at this moment."""
    known = await _find_image(request)
    return Response(known.status, media_type="application/json", headers=_NO_STORE)


async def whole_record(request: Request) -> Response:
    """Answer all that the store knows of the image."""
    record = await _record(request)
    body = ImageRecord(
        image_id=record.manifest.image_id,
        status=record.status,
        manifest=record.manifest,
        attempt=record.attempt,
        result=record.result,
    )
    return MsgspecResponse(body, headers=_NO_STORE)


async def original(request: Request) -> Response:
    """Answer the original's bytes as they came: always as a download, since they hold what nobody checked."""
    record = await _record(request)
    manifest = record.manifest
    images = dependencies_of(request).stores.images
    file = await images.open_file(manifest.image_id, ORIGINAL, media_type=manifest.media_type)
    if file is None:
        raise image_not_found()
    name = manifest.filename or manifest.image_id
    return file_response(request, file, {"Cache-Control": "private, max-age=3600"}, attachment=name)


async def output(request: Request) -> Response:
    """Answer a file that was made: by its file name, or by its output's name in the format that suits the client."""
    record = await _record(request)
    name = request.path_params["output"]
    outputs = record.result.outputs if record.result else ()
    # Outputs that came to the same share a file, which has the name of the first of them.
    made = [each for each in outputs if name in (each.name, f"{each.name}{PurePath(each.filename).suffix}")]
    if not made:
        raise _no_output(record)
    best = negotiate(request.headers.get("accept", ""), made)
    images = dependencies_of(request).stores.images
    file = await images.open_file(record.manifest.image_id, best.filename, media_type=best.media_type)
    if file is None:
        raise _no_output(record)
    # What needs a key must not be handed on by a cache that many share (RFC 9111, 3.5).
    whose = "public" if dependencies_of(request).auth.authenticator.open else "private"
    headers = {"Cache-Control": f"{whose}, {_FOREVER}", **MAY_BE_EMBEDDED}
    response = file_response(request, file, headers)
    if len(made) > 1:
        response.headers["Vary"] = "Accept"
    return response


async def _record(request: Request) -> Record:
    return (await _find_image(request)).record


async def _find_image(request: Request) -> CachedRecord:
    services = dependencies_of(request)
    image_id = request.path_params["image_id"]
    known = await services.records.read(image_id) if image_ids.is_valid(image_id) else None
    if known is None:
        raise image_not_found()
    principal_of(request).require(known.record)
    return known


def _no_output(record: Record) -> Problem:
    if record.result is None:
        return Problem(ProblemCode.OUTPUT_NOT_READY, f"the image is not developed yet: it is {record.status}")
    names = ", ".join(dict.fromkeys(each.name for each in record.result.outputs)) or "none"
    return Problem(ProblemCode.OUTPUT_NOT_FOUND, f"the image has no such output; it has: {names}")
