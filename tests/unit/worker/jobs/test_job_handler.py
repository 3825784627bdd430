"""The delivery table of docs/delivery.md, row by row: what is written, the event, what becomes of the message."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from common.broker import Delivery, Disposition
from common.errors import (
    CorruptImageError,
    OutOfMemoryError,
    StoreFullError,
    StoreUnavailableError,
    TimedOutError,
)
from common.model import image_ids
from common.model.messages import Job, finished_event
from common.model.records import Record
from common.model.reports import OutputReport
from common.model.status import status_of_result
from common.recipes.recipe import Recipe
from services.worker.jobs.executor import JobStalledError
from services.worker.jobs.job_handler import JobHandler
from services.worker.jobs.result_recorder import ResultRecorder
from services.worker.metrics import WorkerMetrics
from services.worker.pipeline.output_renderer import OutputFile
from services.worker.pipeline.pipeline import PipelineResult
from services.worker.sandbox.lease import DecoderCrashedError, DecoderKilledError
from tests.support.fakes import RecordingPublisher, delivery_of
from tests.support.store.memory import Memory, MemoryEvents, MemoryStore
from tests.support.store.stored_images import completed, content_of, failed, uploaded
from tests.support.waiting import eventually

DEVELOPED = PipelineResult(
    outputs=(
        OutputFile(
            name="large",
            filename="large.jpg",
            path="large",
            media_type="image/jpeg",
            width=8,
            height=6,
            data=b"jpeg",
            report=OutputReport(format="jpeg"),
        ),
    ),
)
DELAYS = (1, 5, 30)


@dataclass
class Worker:
    """A handler with everything around it in memory, and one image."""

    store: MemoryStore
    publisher: RecordingPublisher
    image_id: str = ""
    attempt: int = 1
    body: bytes | None = None
    fault: Exception | None = None
    developed: list[Path] = field(default_factory=list)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.metrics = WorkerMetrics(self.registry)

    async def develop(self, source: Path, recipe: Recipe) -> PipelineResult:
        self.developed.append(source)
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        return DEVELOPED

    async def deliver(self) -> Disposition:
        handler = JobHandler(
            store=self.store,
            publisher=self.publisher,
            develop=self.develop,
            recorder=ResultRecorder(
                store=self.store,
                events=MemoryEvents(self.store.memory),
                publisher=self.publisher,
                metrics=self.metrics,
            ),
            metrics=self.metrics,
            worker="worker",
            retry_delays=DELAYS,
        )
        job = Job(image_id=self.image_id, attempt=self.attempt)
        return await handler(Delivery(self.body, False) if self.body is not None else delivery_of(job))

    async def record(self) -> Record | None:
        return await self.store.read(self.image_id)

    @property
    def events(self) -> list[str]:
        return [event.type for event in self.publisher.events]


@pytest.fixture
async def worker() -> Worker:
    made = Worker(MemoryStore(Memory()), RecordingPublisher())
    made.image_id = await uploaded(made.store)
    return made


def unreadable(body: bytes) -> Callable[[Worker], Any]:
    async def arrange(worker: Worker) -> None:
        worker.body = body

    return arrange


async def gone(worker: Worker) -> None:
    del worker.store.memory.images[worker.image_id]


async def finished(worker: Worker) -> None:
    await worker.store.record_result(*completed(worker.image_id))


async def ended(worker: Worker) -> None:
    await worker.store.record_result(failed(worker.image_id), {})


async def sound(_: Worker) -> None:
    return


def at_fault(error: Exception, attempt: int = 1) -> Callable[[Worker], Any]:
    async def arrange(worker: Worker) -> None:
        worker.fault = error
        worker.attempt = attempt

    return arrange


async def gone_in_the_middle(worker: Worker) -> None:
    develop = worker.develop

    async def vanish(source: Path, recipe: Recipe) -> PipelineResult:
        await gone(worker)
        return await develop(source, recipe)

    worker.develop = vanish  # type: ignore[method-assign]


START, DONE, OVER = "image.processing", "image.completed", "image.failed"
DAMAGED, FULL = CorruptImageError("damaged"), StoreFullError("no room")
# the delivery: how it is arranged, the disposition, the events, the status and code afterwards, the retries
TABLE: dict[
    str, tuple[Callable[[Worker], Any], Disposition, list[str], tuple[str | None, str | None], int]
] = {
    "cannot be read: not JSON": (unreadable(b"rubbish"), Disposition.REJECT, [], ("uploaded", None), 0),
    "cannot be read: unknown version": (
        unreadable(b'{"version": 2, "image_id": "0192a1b2-c3d4-7e5f-8a9b-0123456789ab"}'),
        Disposition.REJECT,
        [],
        ("uploaded", None),
        0,
    ),
    "cannot be read: bad id": (
        unreadable(b'{"image_id": "../x"}'),
        Disposition.REJECT,
        [],
        ("uploaded", None),
        0,
    ),
    "the image is gone": (gone, Disposition.ACK, [], (None, None), 0),
    "the image is deleted in the middle": (gone_in_the_middle, Disposition.ACK, [START], (None, None), 0),
    "the result is there: completed": (finished, Disposition.ACK, [DONE], ("completed", None), 0),
    "the result is there: failed": (ended, Disposition.ACK, [OVER], ("failed", "corrupt_image"), 0),
    "success": (sound, Disposition.ACK, [START, DONE], ("completed", None), 0),
    "the image is at fault: corrupt": (
        at_fault(DAMAGED),
        Disposition.ACK,
        [START, OVER],
        ("failed", "corrupt_image"),
        0,
    ),
    "the image is at fault: out of memory": (
        at_fault(OutOfMemoryError("too much")),
        Disposition.ACK,
        [START, OVER],
        ("failed", "out_of_memory"),
        0,
    ),
    "the image is at fault: on a late attempt": (
        at_fault(DAMAGED, attempt=4),
        Disposition.ACK,
        [START, OVER],
        ("failed", "corrupt_image"),
        0,
    ),
    "the job ran past its deadline": (
        at_fault(TimedOutError("too long")),
        Disposition.ACK,
        [START, OVER],
        ("failed", "timed_out"),
        0,
    ),
    "the image crashed its decoder": (
        at_fault(DecoderCrashedError("twice")),
        Disposition.ACK,
        [START, OVER],
        ("failed", "decoder_crashed"),
        0,
    ),
    "the job waited for too long": (
        at_fault(JobStalledError("3 s")),
        Disposition.ACK,
        [START],
        ("processing", None),
        1,
    ),
    "the job waited for too long: after the last delay": (
        at_fault(JobStalledError("3 s"), attempt=4),
        Disposition.ACK,
        [START, OVER],
        ("failed", "job_stalled"),
        0,
    ),
    "the decoder was killed": (
        at_fault(DecoderKilledError("twice")),
        Disposition.ACK,
        [START],
        ("processing", None),
        1,
    ),
    "the surroundings are at fault": (at_fault(FULL), Disposition.ACK, [START], ("processing", None), 1),
    "the surroundings are at fault: before the last time": (
        at_fault(FULL, attempt=3),
        Disposition.ACK,
        [START],
        ("processing", None),
        1,
    ),
    "the surroundings are at fault: after the last delay": (
        at_fault(FULL, attempt=4),
        Disposition.ACK,
        [START, OVER],
        ("failed", "store_full"),
        0,
    ),
}


@pytest.mark.parametrize("row", TABLE)
async def test_the_delivery_table(worker: Worker, row: str) -> None:
    arrange, disposition, events, (status, code), retries = TABLE[row]
    await arrange(worker)

    assert await worker.deliver() is disposition

    assert worker.events == events
    assert len(worker.publisher.retries) == retries
    record = await worker.record()
    assert (record.status if record else None) == status
    failure = record.result.failure if record and record.result else None
    assert (failure.code if failure else None) == code
    label = {"disposition": disposition.name.lower()}
    assert worker.registry.get_sample_value("darkroom_deliveries_total", label) == 1


async def test_the_outputs_are_in_the_store_before_the_end_is_announced(worker: Worker) -> None:
    kept_at_announcement: list[bool] = []
    publish = worker.publisher.publish_event

    async def look(event: Any) -> None:
        record = await worker.record()
        kept_at_announcement.append(record is not None and record.result is not None)
        await publish(event)

    worker.publisher.publish_event = look  # type: ignore[method-assign]
    await worker.deliver()

    assert kept_at_announcement == [False, True]
    found = await worker.store.open_file(worker.image_id, "large.jpg", media_type="image/jpeg")
    assert await content_of(found) == b"jpeg"


async def test_a_repeated_delivery_develops_nothing_and_announces_the_same_event(worker: Worker) -> None:
    assert [await worker.deliver(), await worker.deliver()] == [Disposition.ACK, Disposition.ACK]

    assert len(worker.developed) == 1
    _, first, second = worker.publisher.events
    assert first == second
    record = await worker.record()
    assert record is not None
    assert record.result is not None
    assert first == finished_event(status_of_result(record.manifest, record.result), record.result)


async def test_two_deliveries_at_once_have_one_result(worker: Worker) -> None:
    dispositions = await asyncio.gather(worker.deliver(), worker.deliver())

    assert set(dispositions) == {Disposition.ACK}

    ends = [event for event in worker.publisher.events if event.type == DONE]
    assert len({event.id for event in ends}) == 1


async def test_an_end_that_cannot_be_announced_costs_neither_the_job_nor_its_acknowledgement(
    worker: Worker,
) -> None:
    worker.publisher.break_down("event")

    assert await worker.deliver() is Disposition.ACK

    record = await worker.record()
    assert record is not None
    assert record.status == "completed", "what was developed is kept"
    assert [event.type for _, event in worker.store.memory.events.values()] == [DONE]
    assert len(worker.developed) == 1


async def test_the_marks_of_an_image_that_is_gone_are_removed(worker: Worker) -> None:
    del worker.store.memory.images[worker.image_id]

    assert await worker.deliver() is Disposition.ACK

    assert not worker.store.memory.unpublished


async def test_a_retry_counts_its_attempt_and_waits_longer_each_time(worker: Worker) -> None:
    worker.fault = StoreUnavailableError("the store is away")
    for attempt in (1, 2, 3):
        worker.attempt = attempt
        await worker.deliver()

    assert [(job.attempt, delay) for job, delay, _ in worker.publisher.retries] == [(2, 1), (3, 5), (4, 30)]
    for _, delay, wait in worker.publisher.retries:
        assert 0.5 * delay <= wait <= delay, "never longer than its queue keeps it"


async def test_a_job_is_kept_until_the_broker_confirms_its_retry(worker: Worker) -> None:
    """Putting it back would use up a delivery, and five of those make a dead letter of it."""
    worker.fault = FULL
    worker.publisher.break_down()
    delivering = asyncio.create_task(worker.deliver())
    await eventually(lambda: worker.developed, "it was tried")
    await asyncio.sleep(0.1)
    assert not delivering.done()

    worker.publisher.recover()

    assert await delivering is Disposition.ACK
    assert len(worker.publisher.retries) == 1


@pytest.mark.parametrize("fault", [FULL, RuntimeError("a defect")])
async def test_an_attempt_that_the_worker_outlives_is_no_death(worker: Worker, fault: Exception) -> None:
    worker.fault = fault
    for attempt in (1, 2, 3):
        worker.attempt = attempt
        with suppress(RuntimeError):
            await worker.deliver()

    record = await worker.record()
    assert record is not None
    assert (record.attempts, record.deaths) == (3, 0)


async def test_a_store_that_is_away_postpones_the_job_before_anything_else(worker: Worker) -> None:
    worker.store.memory.fault = StoreUnavailableError("away")

    assert await worker.deliver() is Disposition.ACK

    assert len(worker.publisher.retries) == 1
    assert not worker.developed


async def test_a_store_that_stays_away_keeps_the_job_on_the_queue_after_the_last_delay(
    worker: Worker,
) -> None:
    worker.store.memory.fault = StoreUnavailableError("away")
    worker.attempt = len(DELAYS) + 1

    assert await worker.deliver() is Disposition.REQUEUE


async def test_the_attempt_is_noted_before_the_image_is_touched(worker: Worker) -> None:
    attempts: list[int] = []

    async def look(source: Path, recipe: Recipe) -> PipelineResult:
        record = await worker.record()
        assert record is not None
        assert record.attempt is not None
        attempts.append(record.attempt.attempt)
        return DEVELOPED

    worker.develop = look  # type: ignore[method-assign]
    await worker.deliver()

    assert attempts == [1]


async def test_an_unknown_image_is_no_reason_to_stop(worker: Worker) -> None:
    worker.image_id = image_ids.new()

    assert await worker.deliver() is Disposition.ACK
