import msgspec

from common.model.records import Attempt, Record, now
from tests.support.store.stored_images import completed, failed, manifest

IMAGE_ID = "0192a1b2-c3d4-7e5f-8a9b-0123456789ab"
ATTEMPT = Attempt(attempt=2, worker="worker", started_at=now())


def test_without_an_attempt_it_waits() -> None:
    assert Record(manifest=manifest(IMAGE_ID)).status == "uploaded"


def test_with_an_attempt_it_is_in_work() -> None:
    assert Record(manifest=manifest(IMAGE_ID), attempt=ATTEMPT).status == "processing"


def test_a_result_decides_whatever_the_attempt_says() -> None:
    done = Record(manifest=manifest(IMAGE_ID), attempt=ATTEMPT, result=completed(IMAGE_ID)[0])
    over = Record(manifest=manifest(IMAGE_ID), attempt=ATTEMPT, result=failed(IMAGE_ID))

    assert (done.status, over.status) == ("completed", "failed")


def test_times_are_utc() -> None:
    text = msgspec.json.encode(ATTEMPT).decode()

    assert msgspec.json.decode(text, type=Attempt) == ATTEMPT
    assert 'Z"' in text
