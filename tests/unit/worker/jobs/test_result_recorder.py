from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from common.errors import StoreFullError
from common.model import image_ids
from common.model.records import Failure
from common.store import PendingEvent
from services.worker.jobs.result_recorder import ResultRecorder
from services.worker.metrics import WorkerMetrics
from tests.support.fakes import RecordingPublisher
from tests.support.store.memory import Memory, MemoryEvents, MemoryStore
from tests.support.store.stored_images import (
    completed,
    failed,
    manifest,
    uploaded,
)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(Memory())


@pytest.fixture
def publisher() -> RecordingPublisher:
    return RecordingPublisher()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def recorder(
    store: MemoryStore, publisher: RecordingPublisher, registry: CollectorRegistry
) -> ResultRecorder:
    return ResultRecorder(
        store=store,
        events=MemoryEvents(store.memory),
        publisher=publisher,
        metrics=WorkerMetrics(registry),
    )


async def test_an_end_is_kept_announced_and_counted(
    recorder: ResultRecorder, store: MemoryStore, publisher: RecordingPublisher, registry: CollectorRegistry
) -> None:
    image_id = await uploaded(store)
    result, outputs = completed(image_id)

    await recorder.record(manifest(image_id), result, outputs)

    record = await store.read(image_id)
    assert record is not None
    assert record.result == result
    assert [event.id for event in publisher.events] == [f"{image_id}/image.completed/1"]
    labels = {"outcome": "completed", "code": ""}
    assert registry.get_sample_value("darkroom_jobs_total", labels) == 1


async def test_who_comes_second_announces_what_stands(
    recorder: ResultRecorder, store: MemoryStore, publisher: RecordingPublisher
) -> None:
    image_id = await uploaded(store)
    await store.record_result(*completed(image_id))

    await recorder.record(manifest(image_id), failed(image_id, attempt=2), {})

    assert [event.id for event in publisher.events] == [f"{image_id}/image.completed/1"]


async def test_what_cannot_be_kept_is_not_announced(
    recorder: ResultRecorder, store: MemoryStore, publisher: RecordingPublisher
) -> None:
    image_id = await uploaded(store)
    store.memory.fault = StoreFullError("no room")

    with pytest.raises(StoreFullError):
        await recorder.record(manifest(image_id), *completed(image_id))
    assert not publisher.events


async def test_an_event_that_the_broker_does_not_take_waits_and_the_result_stands(
    recorder: ResultRecorder, store: MemoryStore, publisher: RecordingPublisher
) -> None:
    image_id = await uploaded(store)
    result, outputs = completed(image_id, attempt=2)
    publisher.break_down("event")

    await recorder.record(manifest(image_id), result, outputs)

    record = await store.read(image_id)
    assert record is not None
    assert record.status == "completed"
    (waiting,) = await MemoryEvents(store.memory).waiting(older_than=timedelta(0), limit=9)
    assert waiting == PendingEvent(
        image_id=image_id, type="image.completed", attempt=2, occurred_at=result.finished_at
    )


async def test_failing_an_image_that_is_gone_does_nothing(
    recorder: ResultRecorder, publisher: RecordingPublisher
) -> None:
    await recorder.fail(image_ids.new(), Failure(code="worker_crashed", reason="it died"))

    assert not publisher.events


async def test_failing_an_image_says_at_which_attempt(recorder: ResultRecorder, store: MemoryStore) -> None:
    image_id = await uploaded(store)
    await store.record_attempt(image_id, "worker")
    await store.record_attempt(image_id, "worker")

    await recorder.fail(image_id, Failure(code="worker_crashed", reason="it died"))

    record = await store.read(image_id)
    assert record is not None
    assert record.result is not None
    assert (record.result.status, record.result.attempt) == ("failed", 2)
