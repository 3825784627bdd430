"""Decides what a worker does with a delivery, as the table in docs/delivery.md says."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import structlog

from common.broker import Delivery, Disposition, Publisher
from common.errors import (
    BrokerUnavailableError,
    ImageError,
    ImageGoneError,
    TransientError,
    UnreadableMessageError,
    UnreadableRecordError,
)
from common.model.messages import Job, decode_job, processing_event
from common.model.records import Failure, Record, Result
from common.model.status import status_of
from common.recipes.recipe import Recipe
from common.store import Store
from services.worker.jobs import results
from services.worker.jobs.result_recorder import ResultRecorder
from services.worker.metrics import WorkerMetrics
from services.worker.pipeline.pipeline import PipelineResult

log = structlog.get_logger(__name__)

_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 30.0

Develop = Callable[[Path, Recipe], Awaitable[PipelineResult]]


class JobHandler:
    """Handles a delivery of the job queue and says what becomes of the message.

    `retry_delays` are the seconds a job waits after its first, second, ... failure that the environment caused.
    """

    def __init__(
        self,
        *,
        store: Store,
        publisher: Publisher,
        develop: Develop,
        recorder: ResultRecorder,
        metrics: WorkerMetrics,
        worker: str,
        retry_delays: tuple[int, ...],
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._develop = develop
        self._recorder = recorder
        self._metrics = metrics
        self._worker = worker
        self._retry_delays = retry_delays

    async def __call__(self, delivery: Delivery) -> Disposition:
        disposition = await self._decide(delivery)
        self._metrics.deliveries.labels(disposition.name.lower()).inc()
        return disposition

    async def _decide(self, delivery: Delivery) -> Disposition:
        try:
            job = decode_job(delivery.body)
        except UnreadableMessageError as error:
            log.error("job.unreadable", reason=str(error), bytes=len(delivery.body))
            return Disposition.REJECT
        with structlog.contextvars.bound_contextvars(image_id=job.image_id):
            return await self._run(job)

    async def _run(self, job: Job) -> Disposition:
        try:
            await self._process(job)
        except ImageGoneError:
            log.info("job.image_gone")
            # A retry that raced with the deletion may have left a mark.
            await self._store.clear_pending(job.image_id)
        except TransientError as error:
            return await self._retry_or_fail(job, error)
        return Disposition.ACK

    async def _process(self, job: Job) -> None:
        # The attempt is noted before decoding: an image that kills its worker leaves this trace.
        try:
            record = await self._store.record_attempt(job.image_id, self._worker)
        except UnreadableRecordError:
            await self._recorder.fail_unreadable(job.image_id)
            return
        if record is None:
            raise ImageGoneError("no such image")
        if record.result is not None:
            log.info("job.already_finished", status=record.result.status)
            await self._recorder.publish(record.manifest, record.result)
            # Whoever wrote the result may have died before this.
            await self._store.clear_pending(job.image_id)
            return
        try:
            result, files = await self._attempt(record)
            await self._recorder.record(record.manifest, result, files)
        except ImageGoneError:
            raise
        except Exception:
            await self._record_attempt_end(record)
            raise

    async def _record_attempt_end(self, record: Record) -> None:
        """Record that this worker has outlived the attempt: it is not counted among those that killed theirs."""
        try:
            await self._store.record_attempt_end(record.manifest.image_id, record.attempts)
        except (ImageGoneError, TransientError) as error:
            log.warning("job.attempt_end_not_recorded", reason=str(error))

    async def _attempt(self, record: Record) -> tuple[Result, dict[str, bytes]]:
        """Develop the image once; returns its result, and the bytes of its outputs by file name."""
        image_id, attempt = record.manifest.image_id, record.attempts
        # The broker confirms while the image is developed; the end is announced only after the start.
        announced = asyncio.create_task(self._announce_start(record))
        started = time.monotonic()
        try:
            with self._metrics.in_progress.track_inprogress():
                developed = await self._develop_original(record)
        except ImageError as error:
            log.info("job.image_failed", error_code=error.code, reason=str(error))
            failure = Failure(code=error.code, reason=str(error))
            return results.failed(image_id, attempt, failure, started), {}
        finally:
            await announced
        files = {output.filename: output.data for output in developed.outputs}
        return results.completed(image_id, attempt, started, developed), files

    async def _develop_original(self, record: Record) -> PipelineResult:
        async with self._store.original(record.manifest.image_id) as source:
            with self._metrics.stages.labels("develop").time():
                return await self._develop(source, record.manifest.recipe)

    async def _announce_start(self, record: Record) -> None:
        """Publish the event of the start. Nothing that must be true depends on it: the job goes on without it."""
        try:
            await self._publisher.publish_event(processing_event(status_of(record), record.attempts))
        except BrokerUnavailableError as error:
            log.warning("job.start_not_published", reason=str(error))

    async def _retry_or_fail(self, job: Job, error: TransientError) -> Disposition:
        """Schedule another try of the job; after the last delay, end the image as failed with the reason."""
        self._metrics.retries.labels(error.code).inc()
        try:
            if job.attempt > len(self._retry_delays):
                reason = f"{error} (tried {job.attempt} times)"
                await self._recorder.fail(job.image_id, Failure(code=error.code, reason=reason))
            else:
                await self._schedule_retry(job, error)
        except TransientError as second:
            log.warning("job.retry_not_scheduled", reason=str(second))
            return Disposition.REQUEUE
        return Disposition.ACK

    async def _publish_retry(self, job: Job, *, delay_seconds: int, wait_seconds: float) -> None:
        """Publish until the broker confirms. The delivery is kept meanwhile: putting it back would use it up."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._publisher.publish_retry(
                    job, delay_seconds=delay_seconds, wait_seconds=wait_seconds
                )
            except BrokerUnavailableError as error:
                log.warning("job.retry_not_published", reason=str(error), seconds=pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            else:
                return

    async def _schedule_retry(self, job: Job, error: TransientError) -> None:
        delay = self._retry_delays[job.attempt - 1]
        wait = delay * random.uniform(0.75, 1.0)  # noqa: S311 - jitter is no secret
        again = Job(image_id=job.image_id, attempt=job.attempt + 1)
        await self._publish_retry(again, delay_seconds=delay, wait_seconds=wait)
        log.warning(
            "job.retry_scheduled", error_code=error.code, reason=str(error), attempt=job.attempt, seconds=wait
        )
