from typing import Any

import msgspec
import pytest

from common.model.records import STATUSES, Attempt, Record, now
from common.model.status import EventData, StatusView, event_data, status_of
from tests.support.store.stored_images import completed, failed, manifest

IMAGE_ID = "0192a1b2-c3d4-7e5f-8a9b-0123456789ab"
ATTEMPT = Attempt(attempt=2, worker="worker", started_at=now())
UPLOAD = {"filename", "media_type", "bytes", "sha256", "received_at"}
FINISHED = UPLOAD | {"attempt", "finished_at", "duration_ms"}
RECORDS = {
    "uploaded": (Record(manifest=manifest(IMAGE_ID)), UPLOAD),
    "processing": (Record(manifest=manifest(IMAGE_ID), attempt=ATTEMPT), UPLOAD | {"attempt", "started_at"}),
    "completed": (
        Record(manifest=manifest(IMAGE_ID), attempt=ATTEMPT, result=completed(IMAGE_ID)[0]),
        FINISHED | {"source", "image", "outputs"},
    ),
    "failed": (Record(manifest=manifest(IMAGE_ID), result=failed(IMAGE_ID)), FINISHED),
}


def on_the_wire(view: object) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(view))
    return found


def test_every_status_has_its_case_here() -> None:
    assert tuple(RECORDS) == STATUSES


@pytest.mark.parametrize("status", RECORDS)
def test_details_have_what_is_known_at_that_status_and_nothing_else(status: str) -> None:
    record, names = RECORDS[status]
    view = on_the_wire(status_of(record))

    assert view.keys() == {"image_id", "status", "details", "error", "error_code"}
    assert view["status"] == record.status == status
    assert view["details"].keys() == names


@pytest.mark.parametrize("status", RECORDS)
def test_an_event_carries_what_the_status_says(status: str) -> None:
    view = status_of(RECORDS[status][0])
    data = on_the_wire(event_data(view))

    assert data == on_the_wire(view)
    assert msgspec.convert(data, EventData, strict=False) == event_data(view)
    assert msgspec.convert(data, StatusView, strict=False) == view


def test_a_processing_image_says_which_attempt_it_is() -> None:
    details = status_of(RECORDS["processing"][0]).details

    assert (details.attempt, details.started_at) == (2, ATTEMPT.started_at)


def test_a_completed_image_shows_its_outputs_and_no_name_of_a_file_in_the_store() -> None:
    view = status_of(RECORDS["completed"][0])

    assert isinstance(view.details.outputs, tuple)
    (output,) = view.details.outputs
    (stored,) = completed(IMAGE_ID)[0].outputs
    assert output.url == f"/images/{IMAGE_ID}/large"
    assert (output.format, output.quality) == (stored.report.format, stored.report.quality)
    assert "large.jpg" not in str(on_the_wire(view))


def test_a_failed_image_shows_its_reason_and_code() -> None:
    view = status_of(RECORDS["failed"][0])

    assert (view.error, view.error_code) == ("the image is damaged", "corrupt_image")


def test_a_deleted_image_is_told_by_its_id_alone() -> None:
    data = on_the_wire(EventData(image_id=IMAGE_ID, status="deleted"))

    assert data == {"image_id": IMAGE_ID, "status": "deleted"}
