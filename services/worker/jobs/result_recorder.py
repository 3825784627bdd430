"""The end of an image: its result made durable, then announced, always in this order."""

from collections.abc import Mapping

import structlog

from common.broker import Publisher
from common.model.messages import finished_event
from common.model.records import (
    Failure,
    Manifest,
    Result,
)
from common.model.status import status_of_result
from common.store import Store
from services.worker.jobs import results
from services.worker.metrics import WorkerMetrics

log = structlog.get_logger(__name__)


class ResultRecorder:
    """Brings images to their end; raises SurroundingsError when the store or the broker does not follow."""

    def __init__(self, store: Store, publisher: Publisher, metrics: WorkerMetrics) -> None:
        self._store = store
        self._publisher = publisher
        self._metrics = metrics

    async def finish(self, manifest: Manifest, result: Result, files: Mapping[str, bytes]) -> None:
        """Keep the result, or find the one that somebody else was first with; announce what stands."""
        with self._metrics.stages.labels("store").time():
            standing = await self._store.record_result(result, files)
        code = standing.failure.code if standing.failure else ""
        self._metrics.jobs.labels(standing.status, code).inc()
        log.info("job.finished", status=standing.status, error_code=code, duration_ms=standing.duration_ms)
        await self.announce(manifest, standing)

    async def announce(self, manifest: Manifest, result: Result) -> None:
        """Publish the event of a result that stands; a repeat carries the same event id."""
        await self._publisher.publish_event(finished_event(status_of_result(manifest, result), result))

    async def fail(self, image_id: str, failure: Failure) -> None:
        """End an image as failed; one that is gone or has its result stays as it is."""
        record = await self._store.read(image_id)
        if record is None:
            return
        await self.finish(record.manifest, results.failed(image_id, record.attempts, failure), {})
