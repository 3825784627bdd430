import msgspec

from common.model.records import Attempt, Record, now
from tests.support.store.stored_images import completed, failed, manifest

IMAGE_ID = "0192a1b2-c3d4-7e5f-8a9b-0123456789ab"
ATTEMPT = Attempt(attempt=2, worker="worker", started_at=now())


def test_without_an_attempt_it_waits() -> None:
    record = Record(manifest=manifest(IMAGE_ID))

    assert record.status == record.view().status == "uploaded"
    assert record.view().error is None


def test_with_an_attempt_it_is_in_work() -> None:
    view = Record(manifest=manifest(IMAGE_ID), attempt=ATTEMPT).view()

    assert view.status == "processing"
    assert view.details["attempt"] == 2


def test_a_result_decides_whatever_the_attempt_says() -> None:
    done = Record(manifest=manifest(IMAGE_ID), attempt=ATTEMPT, result=completed(IMAGE_ID)[0])
    over = Record(manifest=manifest(IMAGE_ID), attempt=ATTEMPT, result=failed(IMAGE_ID))

    assert (done.status, over.status) == ("completed", "failed")


def test_a_completed_image_shows_its_outputs_and_no_name_of_a_file_in_the_store() -> None:
    view = Record(manifest=manifest(IMAGE_ID), result=completed(IMAGE_ID)[0]).view()

    (output,) = view.details["outputs"]
    assert output["url"] == f"/images/{IMAGE_ID}/large"
    assert "large.jpg" not in str(msgspec.to_builtins(view))


def test_a_failed_image_shows_its_reason_and_code() -> None:
    view = Record(manifest=manifest(IMAGE_ID), result=failed(IMAGE_ID)).view()

    assert (view.error, view.error_code) == ("the picture is damaged", "corrupt_image")
    assert "outputs" not in view.details


def test_times_are_utc() -> None:
    text = msgspec.json.encode(ATTEMPT).decode()

    assert msgspec.json.decode(text, type=Attempt) == ATTEMPT
    assert 'Z"' in text
