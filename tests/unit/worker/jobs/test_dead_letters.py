"""What becomes of dead letters: every accepted image has an end."""

import pytest
from prometheus_client import CollectorRegistry

from common.broker import Delivery, Disposition
from common.broker.topology import MAX_DELIVERIES
from common.errors import StoreUnavailableError
from common.model import image_ids
from common.model.messages import Job, encode
from common.model.records import Result
from services.worker.jobs.dead_letters import DeadLetterHandler
from services.worker.jobs.result_recorder import ResultRecorder
from services.worker.metrics import WorkerMetrics
from tests.support.fakes import RecordingPublisher, delivery_of
from tests.support.store.memory import Memory, MemoryEvents, MemoryStore
from tests.support.store.stored_images import completed, uploaded


class Graveyard:
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
def graveyard() -> Graveyard:
    return Graveyard()


async def test_a_picture_that_killed_its_worker_each_time_fails(graveyard: Graveyard) -> None:
    image_id = await graveyard.attempted(MAX_DELIVERIES)

    assert await graveyard.handler(delivery_of(Job(image_id=image_id))) is Disposition.ACK

    result = await graveyard.result(image_id)
    assert result is not None
    assert result.failure is not None
    assert (result.status, result.failure.code, result.attempt) == (
        "failed",
        "worker_crashed",
        MAX_DELIVERIES,
    )
    assert [event.type for event in graveyard.publisher.events] == ["image.failed"]
    assert graveyard.counted("worker_crashed") == 1


@pytest.mark.parametrize("attempts", [0, MAX_DELIVERIES - 1])
async def test_a_job_that_used_up_its_deliveries_without_being_tried_is_given_another_chance(
    graveyard: Graveyard, attempts: int
) -> None:
    image_id = await graveyard.attempted(attempts)
    job = Job(image_id=image_id, attempt=2)

    assert await graveyard.handler(delivery_of(job)) is Disposition.ACK

    assert graveyard.publisher.jobs == [job]
    assert await graveyard.result(image_id) is None
    assert graveyard.counted("revived") == 1


async def test_an_image_that_has_its_result_keeps_it(graveyard: Graveyard) -> None:
    image_id = await graveyard.attempted(MAX_DELIVERIES)
    result = await graveyard.store.record_result(*completed(image_id))

    assert await graveyard.handler(delivery_of(Job(image_id=image_id))) is Disposition.ACK

    assert await graveyard.result(image_id) == result
    assert not graveyard.publisher.jobs


async def test_an_image_that_is_gone_stays_gone(graveyard: Graveyard) -> None:
    assert await graveyard.handler(delivery_of(Job(image_id=image_ids.new()))) is Disposition.ACK

    assert not graveyard.publisher.jobs
    assert not graveyard.publisher.events


@pytest.mark.parametrize(
    "body", [b"", b"rubbish", b"[1]", b'{"image_id": 5}', b'{"image_id": "../x"}', b"\xff"]
)
async def test_rubbish_is_buried(graveyard: Graveyard, body: bytes) -> None:
    assert await graveyard.handler(Delivery(body, True)) is Disposition.ACK

    assert graveyard.counted("unreadable") == 1
    assert not graveyard.publisher.events


async def test_an_unreadable_message_that_names_an_image_ends_it(graveyard: Graveyard) -> None:
    image_id = await graveyard.attempted(0)
    body = encode(Job(image_id=image_id)).replace(b'"version":1', b'"version":9')

    assert await graveyard.handler(Delivery(body, True)) is Disposition.ACK

    result = await graveyard.result(image_id)
    assert result is not None
    assert result.failure is not None
    assert result.failure.code == "unreadable_message"


@pytest.mark.parametrize("away", ["store", "broker"])
async def test_a_dead_letter_waits_for_its_surroundings(graveyard: Graveyard, away: str) -> None:
    image_id = await graveyard.attempted(0)
    if away == "store":
        graveyard.store.memory.fault = StoreUnavailableError("away")
    else:
        graveyard.publisher.break_down()

    assert await graveyard.handler(delivery_of(Job(image_id=image_id))) is Disposition.REQUEUE
