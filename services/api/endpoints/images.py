"""Handles `GET /images` and `DELETE /images/{image_id}`."""

import re
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from common.model.records import STATUSES, Record
from common.model.status import status_of
from services.api.auth.authentication import principal_of
from services.api.background.deletion import delete_image
from services.api.dependencies import Dependencies, dependencies_of
from services.api.endpoints import paging
from services.api.endpoints.paging import (
    TIMESTAMP_PREFIX_LENGTH,
    invalid_parameter,
    opaque_cursor,
    own_record,
    read_cursor,
)
from services.api.http.problems import image_not_found
from services.api.http.responses import MsgspecResponse
from services.api.openapi.parameters import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from services.api.openapi.schemas import ImageList, ImageSummary, status_url

_SMALLEST_CHUNK: Final = 20
_CHUNK: Final = 100


async def list_images(request: Request) -> Response:
    """List images, newest first. `next_cursor` is null at the end; a page may be short, or empty, before that."""
    services = dependencies_of(request)
    limit = _limit(request.query_params.get("limit"))
    status = _status(request.query_params.get("status"))
    cursor = read_cursor(request.query_params.get("cursor"))
    principal = principal_of(request)

    def wanted(record: Record) -> bool:
        return principal.can_read(record) and status in (None, record.status)

    images, cursor = await _collect(services, cursor, wanted, limit)
    return MsgspecResponse(
        ImageList(images=images, next_cursor=cursor), headers={"Cache-Control": "no-store"}
    )


async def delete(request: Request) -> Response:
    """Remove the image and all that was made of it."""
    services = dependencies_of(request)
    record = await own_record(request)
    deleted = await delete_image(services.stores, services.publishing.publisher, record.manifest.image_id)
    services.records.forget(record.manifest.image_id)
    if not deleted:
        raise image_not_found()  # another request was faster
    return Response(status_code=204)


async def _collect(
    services: Dependencies, cursor: str | None, wanted: Callable[[Record], bool], limit: int
) -> tuple[list[ImageSummary], str | None]:
    def summary_if_wanted(record: Record) -> ImageSummary | None:
        return _summary(record) if wanted(record) else None

    images: list[ImageSummary] = []
    examined, chunk = 0, min(max(limit, _SMALLEST_CHUNK), _CHUNK)
    while examined < paging.MAX_EXAMINED:
        page = await services.stores.catalog.page(before=cursor, limit=chunk)
        summaries = await services.records.select(page, summary_if_wanted)
        for image_id, summary in zip(page, summaries, strict=True):
            cursor = image_id
            examined += 1
            if summary is not None:
                images.append(summary)
                if len(images) == limit:
                    return images, cursor
        if len(page) < chunk:
            return images, None
    moment = (cursor or "")[:TIMESTAMP_PREFIX_LENGTH]
    complete = [image for image in images if not image.image_id.startswith(moment)]
    return complete, opaque_cursor(moment)


def _summary(record: Record) -> ImageSummary:
    view = status_of(record)
    return ImageSummary(
        image_id=view.image_id,
        status=view.status,
        status_url=status_url(view.image_id),
        filename=record.manifest.filename,
        received_at=record.manifest.received_at,
        error=view.error,
        error_code=view.error_code,
    )


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_PAGE_SIZE
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= MAX_PAGE_SIZE:
        raise invalid_parameter("limit", f"a whole number from 1 to {MAX_PAGE_SIZE}")
    return int(text)


def _status(text: str | None) -> str | None:
    if text is not None and text not in STATUSES:
        raise invalid_parameter("status", f"one of {', '.join(STATUSES)}")
    return text
