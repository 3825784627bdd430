"""What becomes of dead letters: every accepted image has an end."""

from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from common.broker import Delivery, Disposition
from common.broker.topology import MAX_DELIVERIES, RETRY_DELAYS
from common.errors import StoreUnavailableError
from common.model import image_ids
from common.model.messages import Job, encode
from common.model.records import Result
from common.store.local.opening import open_local_stores
from services.worker.jobs.dead_letters import DeadLetterHandler
from services.worker.jobs.result_recorder import ResultRecorder
from services.worker.metrics import WorkerMetrics
from tests.support.fakes import RecordingPublisher, delivery_of
from tests.support.store.memory import Memory, MemoryEvents, MemoryStore
from tests.support.store.stored_images import completed, uploaded


class DeadLetters:
    """A handler of dead letters with everything around it in memory."""

    def __init__(self) -> None:
        self.store = MemoryStore(Memory())
        self.publisher = RecordingPublisher()
        self.registry = CollectorRegistry()
        metrics = WorkerMetrics(self.registry)
        recorder = ResultRecorder(
            store=self.store,
            events=MemoryEvents(self.store.memory),
            publisher=self.publisher,
            metrics=metrics,
        )
        self.handler = DeadLetterHandler(
            store=self.store, publisher=self.publisher, recorder=recorder, metrics=metrics
        )

    async def attempted(self, times: int) -> str:
        image_id = await uploaded(self.store)
        for _ in range(times):
            await self.store.record_attempt(image_id, "worker")
        return image_id

    async def result(self, image_id: str) -> Result | None:
        record = await self.store.read(image_id)
        return record.result if record else None

    def counted(self, kind: str) -> float | None:
        return self.registry.get_sample_value("darkroom_dead_letters_total", {"kind": kind})


@pytest.fixture
def letters() -> DeadLetters:
    return DeadLetters()


async def test_an_image_that_killed_its_worker_each_time_fails(letters: DeadLetters) -> None:
    image_id = await letters.attempted(MAX_DELIVERIES)

    assert await letters.handler(delivery_of(Job(image_id=image_id))) is Disposition.ACK

    result = await letters.result(image_id)
    assert result is not None
    assert result.failure is not None
    assert (result.status, result.failure.code, result.attempt) == (
        "failed",
        "worker_crashed",
        MAX_DELIVERIES,
    )
    assert [event.type for event in letters.publisher.events] == ["image.failed"]
    assert letters.counted("worker_crashed") == 1


@pytest.mark.parametrize("attempts", [0, MAX_DELIVERIES - 1])
async def test_a_job_that_used_up_its_deliveries_without_being_tried_is_resubmitted(
    letters: DeadLetters, attempts: int
) -> None:
    image_id = await letters.attempted(attempts)
    job = Job(image_id=image_id, attempt=2)

    assert await letters.handler(delivery_of(job)) is Disposition.ACK

    assert letters.publisher.jobs == [Job(image_id=image_id, attempt=2, resubmissions=1)]
    assert await letters.result(image_id) is None
    assert letters.counted("resubmitted") == 1


async def test_attempts_that_their_workers_outlived_are_no_deaths(letters: DeadLetters) -> None:
    image_id = await letters.attempted(MAX_DELIVERIES)
    for attempt in range(MAX_DELIVERIES, 3 * MAX_DELIVERIES):
        await letters.store.record_attempt_end(image_id, attempt)
        await letters.store.record_attempt(image_id, "worker")
    await letters.store.record_attempt_end(image_id, 3 * MAX_DELIVERIES)

    assert await letters.handler(delivery_of(Job(image_id=image_id))) is Disposition.ACK

    assert letters.publisher.jobs == [Job(image_id=image_id, resubmissions=1)]
    assert await letters.result(image_id) is None


async def test_a_job_is_not_resubmitted_for_ever(letters: DeadLetters) -> None:
    image_id = await letters.attempted(0)

    assert await letters.handler(delivery_of(Job(image_id=image_id, resubmissions=5))) is Disposition.ACK

    assert not letters.publisher.jobs
    result = await letters.result(image_id)
    assert result is not None
    assert result.failure is not None
    assert result.failure.code == "too_many_deliveries"
    assert "delivered 30 times" in result.failure.reason


async def test_an_image_that_has_its_result_keeps_it(letters: DeadLetters) -> None:
    image_id = await letters.attempted(MAX_DELIVERIES)
    result = await letters.store.record_result(*completed(image_id))

    assert await letters.handler(delivery_of(Job(image_id=image_id))) is Disposition.ACK

    assert await letters.result(image_id) == result
    assert not letters.publisher.jobs
    assert [event.type for event in letters.publisher.events] == ["image.completed"]
    assert (letters.counted("finished_before"), letters.counted("worker_crashed")) == (1, None)


async def test_an_image_that_is_gone_stays_gone(letters: DeadLetters) -> None:
    assert await letters.handler(delivery_of(Job(image_id=image_ids.new()))) is Disposition.ACK

    assert not letters.publisher.jobs
    assert not letters.publisher.events


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"rubbish",
        b"[1]",
        b'{"image_id": 5}',
        b'{"image_id": "../x"}',
        b"\xff",
        b"[" * 3000 + b"]" * 3000,
    ],
)
async def test_rubbish_is_dropped(letters: DeadLetters, body: bytes) -> None:
    assert await letters.handler(Delivery(body)) is Disposition.ACK

    assert letters.counted("unreadable") == 1
    assert not letters.publisher.events


async def test_an_unreadable_message_that_names_an_image_ends_it(letters: DeadLetters) -> None:
    image_id = await letters.attempted(0)
    body = encode(Job(image_id=image_id)).replace(b'"version":1', b'"version":9')

    assert await letters.handler(Delivery(body)) is Disposition.ACK

    result = await letters.result(image_id)
    assert result is not None
    assert result.failure is not None
    assert result.failure.code == "unreadable_message"


@pytest.mark.parametrize("fault", [StoreUnavailableError("away"), RuntimeError("a defect")])
async def test_a_letter_that_cannot_be_handled_now_waits_aside(
    letters: DeadLetters, fault: Exception
) -> None:
    image_id = await letters.attempted(0)
    letters.store.memory.fault = fault
    delivery = delivery_of(Job(image_id=image_id), retries=3)

    assert await letters.handler(delivery) is Disposition.ACK

    assert letters.publisher.dead_letters == [(delivery.body, 3)]


async def test_a_letter_stays_while_the_broker_confirms_nothing(letters: DeadLetters) -> None:
    image_id = await letters.attempted(0)
    letters.publisher.break_down()

    assert await letters.handler(delivery_of(Job(image_id=image_id))) is Disposition.REQUEUE


async def test_after_the_last_delay_the_letter_is_dropped(letters: DeadLetters) -> None:
    image_id = await letters.attempted(0)
    letters.store.memory.fault = StoreUnavailableError("away")

    delivery = delivery_of(Job(image_id=image_id), retries=len(RETRY_DELAYS))
    assert await letters.handler(delivery) is Disposition.ACK

    assert not letters.publisher.dead_letters


@pytest.mark.parametrize("document", ["manifest.json", "result.json"])
async def test_an_image_whose_record_cannot_be_read_fails(tmp_path: Path, document: str) -> None:
    publisher, metrics = RecordingPublisher(), WorkerMetrics(CollectorRegistry())
    async with open_local_stores(tmp_path) as stores:
        store = stores.images
        image_id = await uploaded(store)
        (folder,) = (tmp_path / "images").glob(f"*/*/*/*/{image_id}")
        (folder / document).write_text("{damaged")
        recorder = ResultRecorder(store=store, events=stores.events, publisher=publisher, metrics=metrics)
        handler = DeadLetterHandler(store=store, publisher=publisher, recorder=recorder, metrics=metrics)

        assert await handler(delivery_of(Job(image_id=image_id))) is Disposition.ACK

        record = await store.read(image_id)
        assert await store.unfinished(older_than=timedelta(0), limit=1) == []
    assert record is not None
    assert record.result is not None
    assert record.result.failure is not None
    assert (record.status, record.result.failure.code) == ("failed", "record_unreadable")
    (event,) = publisher.events
    assert (event.type, event.data.error_code) == ("image.failed", "record_unreadable")


async def test_each_end_of_an_image_whose_record_cannot_be_read_has_an_event_of_its_own(
    tmp_path: Path,
) -> None:
    publisher, metrics = RecordingPublisher(), WorkerMetrics(CollectorRegistry())
    async with open_local_stores(tmp_path) as stores:
        image_id = await uploaded(stores.images)
        (folder,) = (tmp_path / "images").glob(f"*/*/*/*/{image_id}")
        (folder / "manifest.json").write_text("{damaged")
        recorder = ResultRecorder(
            store=stores.images, events=stores.events, publisher=publisher, metrics=metrics
        )
        for _ in range(3):
            await recorder.fail_unreadable(image_id)
            await recorder.fail_unreadable(image_id)  # as for a message that comes twice
            assert await stores.catalog.reopen(image_id)

        kept = sorted(path.name for path in folder.glob("failed-*.json"))
    assert kept == ["failed-1.json", "failed-2.json", "failed-3.json"]
    assert [event.id for event in publisher.events] == [
        f"{image_id}/image.failed/{attempt}" for attempt in (1, 1, 2, 2, 3, 3)
    ]
