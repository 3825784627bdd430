"""`POST /upload`: the promise of the 202."""

from contextlib import AsyncExitStack

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from common.errors import SurroundingsError
from services.api import forms, idempotency
from services.api.answers import Json, Refusal
from services.api.problems import Problem, on_problem, on_surroundings_error
from services.api.receiving import Reception
from services.api.state import Services, services_of

log = structlog.get_logger(__name__)


async def upload(request: Request) -> Response | Refusal:
    """Take in the files of the request and answer 202 once they are durable."""
    services = services_of(request)
    try:
        image_ids = await _accept(request, services)
    except Problem as problem:
        services.metrics.uploads.labels(problem.code).inc()
        return Refusal(await on_problem(request, problem))
    except SurroundingsError as error:
        services.metrics.uploads.labels(error.code).inc()
        return Refusal(await on_surroundings_error(request, error))
    except ClientDisconnect:
        services.metrics.uploads.labels("client_gone").inc()
        raise
    accepted = [_accepted(image_id) for image_id in image_ids]
    if len(accepted) == 1:
        return Json(accepted[0], 202, headers={"Location": accepted[0]["status_url"]})
    return Json({"images": accepted}, 202)


async def _accept(request: Request, services: Services) -> list[str]:
    services.admission.check()
    key = idempotency.read_key(request.headers.get(idempotency.HEADER))
    settings = services.settings
    async with AsyncExitStack() as stack:
        reception = Reception(
            services.stores.images,
            stack,
            max_bytes=settings.max_upload_bytes,
            max_files=settings.max_files_per_upload,
        )
        with services.metrics.stages.labels("receive").time():
            await forms.receive(request, reception, idle_seconds=settings.upload_idle_seconds)
        with services.metrics.stages.labels("commit").time():
            image_ids = await reception.commit(services.recipe)
    fresh = True
    if key is not None:
        image_ids, fresh = await idempotency.settle(services.stores, key, reception.files)
    if fresh:
        await _publish(services, reception)
    return image_ids


async def _publish(services: Services, reception: Reception) -> None:
    with services.metrics.stages.labels("publish").time():
        for file in reception.files:
            published = await services.outbox.publish(file.image_id)
            services.metrics.uploads.labels("accepted").inc()
            services.metrics.bytes.inc(file.upload.size)
            log.info("upload.accepted", image_id=file.image_id, bytes=file.upload.size, published=published)


def _accepted(image_id: str) -> dict[str, str]:
    return {
        "image_id": image_id,
        "status": "uploaded",
        "message": "The image was accepted and will be developed.",
        "status_url": f"/status/{image_id}",
    }
