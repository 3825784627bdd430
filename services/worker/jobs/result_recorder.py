"""Records results durably, then publishes their events, always in this order."""

from collections.abc import Mapping

import structlog

from common.broker import Publisher
from common.errors import BrokerUnavailableError, UnreadableRecordError
from common.model.messages import finished_event
from common.model.records import (
    Failure,
    Manifest,
    Result,
)
from common.model.status import status_of_result
from common.store import EventOutbox, PendingEvent, Store
from services.worker.jobs import results
from services.worker.metrics import WorkerMetrics

log = structlog.get_logger(__name__)


class ResultRecorder:
    """Records results and publishes their events; raises TransientError when the store is unavailable."""

    def __init__(
        self, *, store: Store, events: EventOutbox, publisher: Publisher, metrics: WorkerMetrics
    ) -> None:
        self._store = store
        self._events = events
        self._publisher = publisher
        self._metrics = metrics

    async def record(self, manifest: Manifest, result: Result, files: Mapping[str, bytes]) -> None:
        """Record the result with its files by name, unless another worker was first; publish the one in the store.

        Raises ImageGoneError when the image was deleted meanwhile.
        """
        with self._metrics.stages.labels("store").time():
            recorded = await self._store.record_result(result, files)
        if recorded == result:
            code = result.failure.code if result.failure else ""
            self._metrics.jobs.labels(result.status, code).inc()
            log.info("job.finished", status=result.status, error_code=code, duration_ms=result.duration_ms)
        else:
            log.info("job.finished_before", status=recorded.status)
        await self.publish(manifest, recorded)

    async def publish(self, manifest: Manifest, result: Result) -> None:
        """Publish the event of a result in the store; a repeat carries the same event id.

        An event that the broker refuses or does not confirm waits in the store, and costs the job nothing: its image
        is finished, though not everybody knows yet.
        """
        event = finished_event(status_of_result(manifest, result), result)
        try:
            await self._publisher.publish_event(event)
        except BrokerUnavailableError as error:
            log.warning("event.deferred", type=event.type, reason=str(error))
            await self._events.add(
                PendingEvent(
                    image_id=result.image_id,
                    type=event.type,
                    attempt=result.attempt,
                    occurred_at=result.finished_at,
                )
            )

    async def fail(self, image_id: str, failure: Failure) -> None:
        """Record that an image failed; one that is gone or has its result stays as it is."""
        try:
            record = await self._store.read(image_id)
        except UnreadableRecordError:
            await self.fail_unreadable(image_id)
            return
        if record is None:
            return
        await self.record(record.manifest, results.failed(image_id, record.attempts, failure), {})

    async def fail_unreadable(self, image_id: str) -> None:
        """Record that an image failed because its record is damaged: it can never be developed."""
        log.error("job.record_unreadable", image_id=image_id)
        failure = Failure(code=UnreadableRecordError.code, reason="the record of the upload is damaged")
        # An attempt of its own: its event must not carry the id of one that was sent before.
        attempt = await self._store.count_attempts(image_id) + 1
        await self._store.record_result(results.failed(image_id, attempt, failure), {})
        record = await self._store.read(image_id)
        if record is not None and record.result is not None:
            await self.publish(record.manifest, record.result)
