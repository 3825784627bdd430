"""Handles `POST /upload`: a 202 is sent once every file is durable and its job is published or waits in the store."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from common.errors import TransientError
from services.api.auth.authentication import Principal, principal_of
from services.api.dependencies import Dependencies, dependencies_of
from services.api.http.problems import Problem, on_problem, on_transient_error
from services.api.http.responses import LingeringResponse, MsgspecResponse, TrackedBody
from services.api.limits.admission import Permit
from services.api.limits.clients import Client, client_of
from services.api.openapi.schemas import AcceptedMany, accepted_image
from services.api.uploads import idempotency, multipart
from services.api.uploads.receiver import UploadReceiver

log = structlog.get_logger(__name__)

Endpoint = Callable[[Request], Awaitable[Response | LingeringResponse]]


def answer_refusals(endpoint: Endpoint) -> Endpoint:
    """Return the endpoint with its refusals counted, and told to a client that is still sending its body."""

    async def answered(request: Request) -> Response | LingeringResponse:
        uploads = dependencies_of(request).monitoring.metrics.uploads
        body = TrackedBody(request.receive)
        request = Request(request.scope, body.receive)
        try:
            return await endpoint(request)
        except Problem as problem:
            uploads.labels(problem.code).inc()
            return LingeringResponse(await on_problem(request, problem), body)
        except TransientError as error:
            uploads.labels(error.code).inc()
            return LingeringResponse(await on_transient_error(request, error), body)
        except ClientDisconnect:
            uploads.labels("client_gone").inc()
            raise

    return answered


async def upload(request: Request) -> Response:
    """Take in the files of the request and answer 202 once they are durable."""
    image_ids = await _accept(request, dependencies_of(request))
    accepted = [accepted_image(image_id) for image_id in image_ids]
    if len(accepted) == 1:
        return MsgspecResponse(accepted[0], 202, headers={"Location": accepted[0].status_url})
    return MsgspecResponse(AcceptedMany(images=accepted), 202)


async def _accept(request: Request, services: Dependencies) -> list[str]:
    principal = principal_of(request)
    client = client_of(request, principal)
    key = idempotency.read_key(request.headers.get(idempotency.HEADER))
    with services.admission.upload(client) as permit:
        receiver = await _receive(request, services, principal, client, permit)
        image_ids, fresh = [file.image_id for file in receiver.files], True
        if key is not None:
            # Whoever holds a signed URL of the owner's must not find out which keys the owner used.
            scoped = f"{principal.owner or ''}\n{'signed' if principal.via_signed_url else ''}\n{key}"
            async with _all_or_none(services, receiver):
                image_ids, fresh = await idempotency.claim(services.stores, scoped, receiver.files)
        if fresh:
            for image_id in image_ids:
                permit.accept(image_id)
            await _publish(services, receiver)
    return image_ids


async def _receive(
    request: Request, services: Dependencies, principal: Principal, client: Client, permit: Permit
) -> UploadReceiver:
    """Return the request's files, durable and visible; nothing is left of a request that fails."""
    policy = services.uploads
    selection = policy.recipes.selection()
    async with AsyncExitStack() as stack:
        receiver = UploadReceiver(
            services.stores.images,
            stack,
            max_bytes=min(policy.max_bytes, principal.max_bytes or policy.max_bytes),
            max_files=policy.max_files,
            limits=policy.image_limits,
            owner=principal.owner,
            client=client.tag,
            admit_another=permit.admit,
        )
        with services.monitoring.metrics.stages.labels("receive").time():
            await multipart.receive(request, receiver, selection, policy.timeouts)
        with services.monitoring.metrics.stages.labels("commit").time():
            async with _all_or_none(services, receiver):
                await receiver.commit(selection.choice)
    return receiver


@asynccontextmanager
async def _all_or_none(services: Dependencies, receiver: UploadReceiver) -> AsyncIterator[None]:
    """Leave nothing of a failure: the client that is told of it will send every file again."""
    try:
        yield
    except BaseException:
        image_ids = [file.image_id for file in receiver.files]
        await asyncio.shield(services.publishing.outbox.withdraw(image_ids))
        raise


async def _publish(services: Dependencies, receiver: UploadReceiver) -> None:
    with services.monitoring.metrics.stages.labels("publish").time():
        for file in receiver.files:
            published = await services.publishing.outbox.publish(file.image_id)
            services.monitoring.metrics.uploads.labels("accepted").inc()
            services.monitoring.metrics.bytes.inc(file.upload.size)
            log.info("upload.accepted", image_id=file.image_id, bytes=file.upload.size, published=published)
