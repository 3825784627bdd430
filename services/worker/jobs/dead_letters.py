"""Handles dead letters: every accepted image ends, and no letter blocks another."""

from typing import Any, Final

import msgspec
import structlog

from common.broker import Delivery, Disposition, Publisher
from common.broker.topology import MAX_DELIVERIES, RETRY_DELAYS
from common.errors import (
    BrokerUnavailableError,
    TransientError,
    UnreadableMessageError,
    UnreadableRecordError,
)
from common.model import image_ids
from common.model.messages import Job, decode_job
from common.model.records import Failure
from common.store import Store
from services.worker.jobs.result_recorder import ResultRecorder
from services.worker.metrics import WorkerMetrics

log = structlog.get_logger(__name__)

_MAX_RESUBMISSIONS: Final = 5


class DeadLetterHandler:
    """Ends the images whose jobs were delivered too often or cannot be read.

    A letter that cannot be handled now waits in a retry queue, longer each time; after the last delay it is dropped,
    and the store's list of unfinished images has the job published again.
    """

    def __init__(
        self, *, store: Store, publisher: Publisher, recorder: ResultRecorder, metrics: WorkerMetrics
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._recorder = recorder
        self._metrics = metrics

    async def __call__(self, delivery: Delivery) -> Disposition:
        """Return what becomes of the delivery: requeued only when the broker confirms nothing."""
        try:
            await self._handle(delivery)
        except TransientError as error:
            return await self._delay(delivery, str(error))
        except Exception as error:
            log.exception("dead_letter.failed")
            return await self._delay(delivery, type(error).__name__)
        return Disposition.ACK

    async def _handle(self, delivery: Delivery) -> None:
        try:
            job = decode_job(delivery.body)
        except UnreadableMessageError as error:
            await self._fail_unreadable_message(delivery.body, str(error))
            return
        with structlog.contextvars.bound_contextvars(image_id=job.image_id):
            await self._fail_or_resubmit(job)

    async def _delay(self, delivery: Delivery, reason: str) -> Disposition:
        if delivery.retries >= len(RETRY_DELAYS):
            log.error("dead_letter.dropped", reason=reason, retries=delivery.retries)
            return Disposition.ACK
        try:
            await self._publisher.publish_dead_letter(delivery.body, retries=delivery.retries)
        except BrokerUnavailableError as error:
            log.warning("dead_letter.not_delayed", reason=reason, broker=str(error))
            return Disposition.REQUEUE
        log.warning("dead_letter.delayed", reason=reason, seconds=RETRY_DELAYS[delivery.retries])
        return Disposition.ACK

    async def _fail_unreadable_message(self, body: bytes, reason: str) -> None:
        """Drop an unreadable message; where it still names an image of ours, that image must not wait forever."""
        self._metrics.dead_letters.labels("unreadable").inc()
        log.error("dead_letter.unreadable", reason=reason, bytes=len(body), beginning=repr(body[:200]))
        if image_id := _image_id_in(body):
            await self._recorder.fail(
                image_id, Failure(code=UnreadableMessageError.code, reason=f"its job: {reason}")
            )

    async def _fail_or_resubmit(self, job: Job) -> None:
        try:
            record = await self._store.read(job.image_id)
        except UnreadableRecordError:
            self._metrics.dead_letters.labels("record_unreadable").inc()
            await self._recorder.fail_unreadable(job.image_id)
            return
        if record is None:
            self._metrics.dead_letters.labels("image_gone").inc()
        elif record.result is not None:
            self._metrics.dead_letters.labels("finished_before").inc()
            await self._recorder.publish(record.manifest, record.result)
        elif record.deaths >= MAX_DELIVERIES:
            reason = f"its worker died or lost its connection {record.deaths} times while developing it"
            await self._fail(job, "worker_crashed", reason)
        elif job.resubmissions >= _MAX_RESUBMISSIONS:
            times = (_MAX_RESUBMISSIONS + 1) * MAX_DELIVERIES
            await self._fail(job, "too_many_deliveries", f"its job was delivered {times} times in vain")
        else:
            # Its deliveries were used up by lost connections and restarts, not by the image.
            self._metrics.dead_letters.labels("resubmitted").inc()
            log.warning("dead_letter.resubmitted", attempts=record.attempts)
            await self._publisher.publish_job(
                msgspec.structs.replace(job, resubmissions=job.resubmissions + 1)
            )

    async def _fail(self, job: Job, code: str, reason: str) -> None:
        self._metrics.dead_letters.labels(code).inc()
        await self._recorder.fail(job.image_id, Failure(code=code, reason=reason))


def _image_id_in(body: bytes) -> str | None:
    try:
        message: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    image_id = message.get("image_id") if isinstance(message, dict) else None
    return image_id if isinstance(image_id, str) and image_ids.is_valid(image_id) else None
