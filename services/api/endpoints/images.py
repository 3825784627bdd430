"""`GET /images`, `DELETE /images/{image_id}`, `POST /images/{image_id}/retry`, `POST /images/retry`."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from common.errors import ImageGoneError, UnreadableRecordError
from common.model import image_ids
from common.model.records import STATUSES, Record
from common.model.status import status_of
from services.api.auth.authentication import principal_of
from services.api.background.deletion import delete_image
from services.api.dependencies import Dependencies, dependencies_of
from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem, image_not_found
from services.api.http.responses import MsgspecResponse
from services.api.openapi.parameters import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from services.api.openapi.schemas import (
    ImageList,
    ImageSummary,
    Retried,
    accepted_image,
)

log = structlog.get_logger(__name__)

_EXAMINED: Final = 1000  # records a request reads: a rare status must not make it read the whole store
_SMALLEST_CHUNK: Final = 20
_CHUNK: Final = 100
TIMESTAMP_PREFIX_LENGTH: Final = 24  # of an id's characters; images that have these in common are on one page


async def list_images(request: Request) -> Response:
    """List images, newest first. `next_cursor` is null at the end; a page may be short, or empty, before that."""
    services = dependencies_of(request)
    limit = _limit(request.query_params.get("limit"))
    status = _status(request.query_params.get("status"))
    cursor = _cursor(request.query_params.get("cursor"))
    principal = principal_of(request)

    def wanted(record: Record) -> bool:
        return principal.can_read(record) and status in (None, record.status)

    images, cursor = await _collect(services, cursor, wanted, limit)
    return MsgspecResponse(
        ImageList(images=images, next_cursor=cursor), headers={"Cache-Control": "no-store"}
    )


async def delete(request: Request) -> Response:
    """Remove the image and all that was made of it."""
    record = await _own_record(request)
    services = dependencies_of(request)
    deleted = await delete_image(services.stores, services.publishing.publisher, record.manifest.image_id)
    services.records.forget(record.manifest.image_id)
    if not deleted:
        raise image_not_found()  # another request was faster
    return Response(status_code=204)


async def retry(request: Request) -> Response:
    """Develop a failed image again, from its original."""
    record = await _own_record(request)
    image_id = record.manifest.image_id
    try:
        reopened = await _reopen(dependencies_of(request), image_id)
    except ImageGoneError:
        raise image_not_found() from None
    if not reopened:
        raise Problem(
            ProblemCode.NOT_FAILED, f"only a failed image can be run again; this one is {record.status}"
        )
    body = accepted_image(image_id)
    return MsgspecResponse(body, 202, headers={"Location": body.status_url})


async def retry_failed(request: Request) -> Response:
    """Develop all failed images again that were received since a time; answers which, and where to go on."""
    services = dependencies_of(request)
    principal = principal_of(request)
    since = _since(request.query_params.get("since"))
    cursor = _cursor(request.query_params.get("cursor"))
    records, cursor = await _examine(services, cursor, since)
    mine = [record for record in records if principal.can_read(record)]
    failed = [record.manifest.image_id for record in mine if record.status == "failed"]
    retried = []
    for image_id in failed:
        with suppress(ImageGoneError):
            if await _reopen(services, image_id):
                retried.append(image_id)
    return MsgspecResponse(Retried(retried=retried, next_cursor=cursor), 202)


async def _own_record(request: Request) -> Record:
    services = dependencies_of(request)
    principal = principal_of(request)
    image_id = request.path_params["image_id"]
    return principal.require(
        await services.stores.images.read(image_id) if image_ids.is_valid(image_id) else None
    )


async def _reopen(services: Dependencies, image_id: str) -> bool:
    """Open a failed image again; False when it is not failed. Raises ImageGoneError when it was deleted meanwhile."""
    if not await services.stores.catalog.reopen(image_id):
        return False
    await services.publishing.outbox.publish(image_id)
    return True


async def _collect(
    services: Dependencies, cursor: str | None, wanted: Callable[[Record], bool], limit: int
) -> tuple[list[ImageSummary], str | None]:
    images: list[ImageSummary] = []
    examined, chunk = 0, min(max(limit, _SMALLEST_CHUNK), _CHUNK)
    while examined < _EXAMINED:
        page = await services.stores.catalog.page(before=cursor, limit=chunk)
        for image_id, record in zip(page, await _read(services, page), strict=True):
            cursor = image_id
            examined += 1
            if record is not None and wanted(record):
                images.append(_summary(record))
                if len(images) == limit:
                    return images, cursor
        if len(page) < chunk:
            return images, None
    moment = (cursor or "")[:TIMESTAMP_PREFIX_LENGTH]
    return [image for image in images if not image.image_id.startswith(moment)], opaque_cursor(moment)


async def _examine(
    services: Dependencies, cursor: str | None, since: datetime
) -> tuple[list[Record], str | None]:
    """Return up to a request's worth of records received since then, with the cursor to go on from."""
    bound = image_ids.lowest_at(since)
    page = await services.stores.catalog.page(before=cursor, limit=_EXAMINED)
    wanted, cursor = [image_id for image_id in page if image_id >= bound], None
    if len(wanted) == _EXAMINED:
        moment = wanted[-1][:TIMESTAMP_PREFIX_LENGTH]
        wanted, cursor = [each for each in wanted if not each.startswith(moment)], opaque_cursor(moment)
    return [record for record in await _read(services, wanted) if record is not None], cursor


async def _read(services: Dependencies, image_ids: list[str]) -> list[Record | None]:
    """Read all at once, which the store does together. What cannot be read hides no other."""

    async def one(image_id: str) -> Record | None:
        try:
            return await services.stores.images.read(image_id)
        except UnreadableRecordError:
            log.error("record.unreadable", image_id=image_id)
            return None

    return await asyncio.gather(*map(one, image_ids))


def opaque_cursor(moment: str) -> str:
    """Return a cursor before all images of a moment: the last examined may be a stranger's, whose id is not told."""
    return moment + "f" * 12


def _summary(record: Record) -> ImageSummary:
    view = status_of(record)
    return ImageSummary(
        image_id=view.image_id,
        status=view.status,
        status_url=f"/status/{view.image_id}",
        filename=record.manifest.filename,
        received_at=record.manifest.received_at,
        error=view.error,
        error_code=view.error_code,
    )


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_PAGE_SIZE
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= MAX_PAGE_SIZE:
        raise _invalid("limit", f"a whole number from 1 to {MAX_PAGE_SIZE}")
    return int(text)


def _status(text: str | None) -> str | None:
    if text is not None and text not in STATUSES:
        raise _invalid("status", f"one of {', '.join(STATUSES)}")
    return text


def _cursor(text: str | None) -> str | None:
    if text is not None and not image_ids.is_valid(text):
        raise _invalid("cursor", "the next_cursor of an answer before")
    return text


def _since(text: str | None) -> datetime:
    try:
        since = msgspec.convert(text or "", datetime)
    except msgspec.ValidationError:
        raise _invalid("since", "an RFC 3339 time such as 2026-01-31T12:00:00Z") from None
    if since.tzinfo is None:
        raise _invalid("since", "an RFC 3339 time with a zone, such as 2026-01-31T12:00:00Z")
    return since


def _invalid(parameter: str, allowed: str) -> Problem:
    return Problem(ProblemCode.INVALID_PARAMETER, f"{parameter} must be {allowed}", parameter=parameter)
