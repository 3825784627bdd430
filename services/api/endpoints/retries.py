"""Handles `POST /images/{image_id}/retry` and `POST /images/retry`: failed images are developed again."""

from contextlib import suppress
from datetime import datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from common.errors import ImageGoneError
from common.model import image_ids
from common.model.records import Record
from services.api.auth.authentication import principal_of
from services.api.dependencies import Dependencies, dependencies_of
from services.api.endpoints import paging
from services.api.endpoints.paging import (
    TIMESTAMP_PREFIX_LENGTH,
    invalid_parameter,
    opaque_cursor,
    own_record,
    read_cursor,
)
from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem, image_not_found
from services.api.http.responses import MsgspecResponse
from services.api.limits.admission import Permit
from services.api.limits.clients import client_of
from services.api.openapi.schemas import Retried, accepted_image


async def retry(request: Request) -> Response:
    """Develop a failed image again, from its original. Costs the client what an upload of one image costs."""
    services = dependencies_of(request)
    client = client_of(request, principal_of(request))
    record = await own_record(request)
    image_id = record.manifest.image_id
    with services.admission.permit(client) as permit:
        if record.status == "failed":
            permit.admit()
        try:
            reopened = await _reopen(services, image_id, permit)
        except ImageGoneError:
            raise image_not_found() from None
        if not reopened:
            detail = f"only a failed image can be run again; this one is {record.status}"
            raise Problem(ProblemCode.NOT_FAILED, detail)
    body = accepted_image(image_id)
    return MsgspecResponse(body, 202, headers={"Location": body.status_url})


async def retry_failed(request: Request) -> Response:
    """Develop the client's failed images again that were received since a time.

    Answers which, and where to go on. Each costs what an upload of one image costs, and the request one token more for
    the records that it reads.
    """
    services = dependencies_of(request)
    principal = principal_of(request)
    since = _since(request.query_params.get("since"))
    cursor = read_cursor(request.query_params.get("cursor"))
    client = client_of(request, principal)
    services.admission.rate.take(client.name)

    def failed_id(record: Record) -> str | None:
        return record.manifest.image_id if record.status == "failed" and principal.can_read(record) else None

    page, next_cursor = await _page_since(services, cursor, since)
    failed = [image_id for image_id in await services.records.select(page, failed_id) if image_id]
    with services.admission.permit(client) as permit:
        retried, refused = await _reopen_while_admitted(services, failed, permit)
    if refused is not None:
        # The rest is left to the next request, which is told how long to wait.
        next_cursor = opaque_cursor(refused)
    return MsgspecResponse(Retried(retried=retried, next_cursor=next_cursor), 202)


async def _reopen_while_admitted(
    services: Dependencies, failed: list[str], permit: Permit
) -> tuple[list[str], str | None]:
    """Return the images that were opened again, and the first that was not admitted.

    Raises Problem 429 or 503 when not even one was admitted.
    """
    retried: list[str] = []
    for image_id in failed:
        try:
            permit.admit()
        except Problem:
            if not retried:
                raise
            return retried, image_id
        with suppress(ImageGoneError):
            if await _reopen(services, image_id, permit):
                retried.append(image_id)
    return retried, None


async def _reopen(services: Dependencies, image_id: str, permit: Permit) -> bool:
    """Open a failed image again; False when it is not failed. Raises ImageGoneError when it was deleted meanwhile."""
    if not await services.stores.catalog.reopen(image_id):
        return False
    permit.accept(image_id)
    await services.publishing.outbox.publish(image_id)
    return True


async def _page_since(
    services: Dependencies, cursor: str | None, since: datetime
) -> tuple[list[str], str | None]:
    """Return the ids of a request's worth of images received since then, with the cursor to go on from."""
    bound = image_ids.lowest_at(since)
    page = await services.stores.catalog.page(before=cursor, limit=paging.MAX_EXAMINED)
    wanted, cursor = [image_id for image_id in page if image_id >= bound], None
    if len(wanted) == paging.MAX_EXAMINED:
        moment = wanted[-1][:TIMESTAMP_PREFIX_LENGTH]
        wanted, cursor = [each for each in wanted if not each.startswith(moment)], opaque_cursor(moment)
    return wanted, cursor


def _since(text: str | None) -> datetime:
    try:
        since = msgspec.convert(text or "", datetime)
    except msgspec.ValidationError:
        raise invalid_parameter("since", "an RFC 3339 time such as 2026-01-31T12:00:00Z") from None
    if since.tzinfo is None:
        raise invalid_parameter("since", "an RFC 3339 time with a zone, such as 2026-01-31T12:00:00Z")
    return since
