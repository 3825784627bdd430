"""What becomes of dead letters: nothing that was accepted stays without an end, and nothing is lost unseen."""

from typing import Any

import msgspec
import structlog

from common.broker import Delivery, Disposition, Publisher
from common.broker.topology import MAX_DELIVERIES
from common.errors import TransientError, UnreadableMessageError
from common.model import image_ids
from common.model.messages import Job, decode_job
from common.model.records import Failure
from common.store import Store
from services.worker.jobs.result_recorder import ResultRecorder
from services.worker.metrics import WorkerMetrics

log = structlog.get_logger(__name__)


class DeadLetterHandler:
    """Ends the images whose jobs were delivered too often or cannot be read."""

    def __init__(
        self, *, store: Store, publisher: Publisher, recorder: ResultRecorder, metrics: WorkerMetrics
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._recorder = recorder
        self._metrics = metrics

    async def __call__(self, delivery: Delivery) -> Disposition:
        try:
            return await self._decide(delivery)
        except TransientError as error:
            log.warning("dead_letter.postponed", reason=str(error))
            return Disposition.REQUEUE

    async def _decide(self, delivery: Delivery) -> Disposition:
        try:
            job = decode_job(delivery.body)
        except UnreadableMessageError as error:
            await self._bury(delivery.body, str(error))
            return Disposition.ACK
        with structlog.contextvars.bound_contextvars(image_id=job.image_id):
            await self._end_or_revive(job)
        return Disposition.ACK

    async def _bury(self, body: bytes, reason: str) -> None:
        """An unreadable message; where it still names an image of ours, that image must not wait for ever."""
        self._metrics.dead_letters.labels("unreadable").inc()
        log.error("dead_letter.unreadable", reason=reason, bytes=len(body), beginning=repr(body[:200]))
        if image_id := _image_id_in(body):
            await self._recorder.fail(
                image_id, Failure(code=UnreadableMessageError.code, reason=f"its job: {reason}")
            )

    async def _end_or_revive(self, job: Job) -> None:
        record = await self._store.read(job.image_id)
        attempts = record.attempts if record else 0
        if record and record.result is None and attempts < MAX_DELIVERIES:
            # Its deliveries were used up by lost connections and restarts, not by the picture.
            self._metrics.dead_letters.labels("revived").inc()
            log.warning("dead_letter.revived", attempts=attempts)
            await self._publisher.publish_job(job)
            return
        self._metrics.dead_letters.labels("worker_crashed").inc()
        reason = f"its worker died or lost its connection {MAX_DELIVERIES} times while developing it"
        await self._recorder.fail(job.image_id, Failure(code="worker_crashed", reason=reason))


def _image_id_in(body: bytes) -> str | None:
    try:
        message: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    image_id = message.get("image_id") if isinstance(message, dict) else None
    return image_id if isinstance(image_id, str) and image_ids.is_valid(image_id) else None
