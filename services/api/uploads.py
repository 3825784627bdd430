"""`POST /upload`: the promise of the 202."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from common.errors import SurroundingsError
from services.api import forms, idempotency
from services.api.access import Caller, client_of
from services.api.answers import Body, Json, Refusal
from services.api.bodies import AcceptedMany, accepted_image
from services.api.pace import Pace
from services.api.problems import Problem, on_problem, on_surroundings_error
from services.api.receiving import Reception
from services.api.state import Services, services_of

log = structlog.get_logger(__name__)


async def upload(request: Request) -> Response | Refusal:
    """Take in the files of the request and answer 202 once they are durable."""
    services = services_of(request)
    body = Body(request.receive)
    request = Request(request.scope, body.receive)
    try:
        image_ids = await _accept(request, services)
    except Problem as problem:
        services.metrics.uploads.labels(problem.code).inc()
        return Refusal(await on_problem(request, problem), body)
    except SurroundingsError as error:
        services.metrics.uploads.labels(error.code).inc()
        return Refusal(await on_surroundings_error(request, error), body)
    except ClientDisconnect:
        services.metrics.uploads.labels("client_gone").inc()
        raise
    accepted = [accepted_image(image_id) for image_id in image_ids]
    if len(accepted) == 1:
        return Json(accepted[0], 202, headers={"Location": accepted[0].status_url})
    return Json(AcceptedMany(images=accepted), 202)


async def _accept(request: Request, services: Services) -> list[str]:
    caller = services.access.identify(request)
    services.rate.take(client_of(request, caller))
    services.admission.check()
    key = idempotency.read_key(request.headers.get(idempotency.HEADER))
    with services.concurrency.slot():
        reception = await _receive(request, services, caller)
        image_ids, fresh = [file.image_id for file in reception.files], True
        if key is not None:
            # Whoever holds a signed URL of the owner's must not find out which keys the owner used.
            scoped = f"{caller.owner or ''}\n{'signed' if caller.granted else ''}\n{key}"
            async with _all_or_none(services, reception):
                image_ids, fresh = await idempotency.settle(services.stores, scoped, reception.files)
        if fresh:
            await _publish(services, reception)
    return image_ids


async def _receive(request: Request, services: Services, caller: Caller) -> Reception:
    """The request's files, durable and visible; nothing is left of a request that fails."""
    settings = services.settings
    pace = Pace(settings.upload_idle_seconds, settings.upload_seconds, settings.min_upload_bytes_per_second)
    wish = services.chooser.wish()
    async with AsyncExitStack() as stack:
        reception = Reception(
            services.stores.images,
            stack,
            max_bytes=min(settings.max_upload_bytes, caller.max_bytes or settings.max_upload_bytes),
            max_files=settings.max_files_per_upload,
            limits=services.limits,
            owner=caller.owner,
        )
        with services.metrics.stages.labels("receive").time():
            await forms.receive(request, reception, wish, pace)
        with services.metrics.stages.labels("commit").time():
            async with _all_or_none(services, reception):
                await reception.commit(wish.choice)
    return reception


@asynccontextmanager
async def _all_or_none(services: Services, reception: Reception) -> AsyncIterator[None]:
    """Leave nothing of a failure: the client that is told of it will send every file again."""
    try:
        yield
    except BaseException:
        await asyncio.shield(_withdraw(services, reception))
        raise


async def _withdraw(services: Services, reception: Reception) -> None:
    for file in reception.files:
        with suppress(SurroundingsError):
            await services.stores.catalog.delete(file.image_id)


async def _publish(services: Services, reception: Reception) -> None:
    with services.metrics.stages.labels("publish").time():
        for file in reception.files:
            published = await services.outbox.publish(file.image_id)
            services.metrics.uploads.labels("accepted").inc()
            services.metrics.bytes.inc(file.upload.size)
            log.info("upload.accepted", image_id=file.image_id, bytes=file.upload.size, published=published)
