from typing import Any

import msgspec
import pytest

from common.errors import UnreadableMessageError
from common.model import image_ids
from common.model.messages import (
    MAX_MESSAGE_BYTES,
    Job,
    decode_event,
    decode_job,
    deleted_event,
    encode,
    finished_event,
    processing_event,
)
from common.model.records import Record, Result
from common.model.status import status_of, status_of_result
from tests.support.store.stored_images import completed, failed, manifest

IMAGE_ID = "0192a1b2-c3d4-7e5f-8a9b-0123456789ab"


def test_a_job_survives_the_way_over_the_wire() -> None:
    job = Job(image_id=image_ids.new(), attempt=3)

    assert decode_job(encode(job)) == job
    assert msgspec.json.decode(encode(job)) == {
        "version": 1,
        "image_id": job.image_id,
        "attempt": 3,
        "resubmissions": 0,
    }


def test_fields_of_a_newer_sender_are_passed_over() -> None:
    body = msgspec.json.encode({"image_id": IMAGE_ID, "priority": 9})

    assert decode_job(body) == Job(image_id=IMAGE_ID)


UNREADABLE: dict[str, Any] = {
    "nothing": b"",
    "not JSON": b"no json",
    "not UTF-8": b'{"image_id": "\xff\xfe"}',
    "no object": b"[]",
    "no id": b"{}",
    "an id of another kind": b'{"image_id": 7}',
    "an id with a path": b'{"image_id": "../../etc/passwd"}',
    "an id with a newline": b'{"image_id": "' + IMAGE_ID.encode() + b'\\n"}',
    "an unknown version": b'{"version": 2, "image_id": "' + IMAGE_ID.encode() + b'"}',
    "an attempt that is no number": b'{"attempt": "x", "image_id": "' + IMAGE_ID.encode() + b'"}',
    "too long": b" " * (MAX_MESSAGE_BYTES + 1),
    "nested too deep": b"[" * 100_000,
    "nested 3,000 deep in an unknown field": b'{"image_id": "'
    + IMAGE_ID.encode()
    + b'", "x": '
    + b"[" * 3000
    + b"]" * 3000
    + b"}",
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_is_no_job_is_unreadable(kind: str) -> None:
    with pytest.raises(UnreadableMessageError):
        decode_job(UNREADABLE[kind])


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_is_no_event_is_unreadable(kind: str) -> None:
    with pytest.raises(UnreadableMessageError):
        decode_event(UNREADABLE[kind])


@pytest.mark.parametrize(
    "result, kind",
    [(completed(IMAGE_ID)[0], "image.completed"), (failed(IMAGE_ID, attempt=2), "image.failed")],
    ids=["completed", "failed"],
)
def test_the_event_of_an_end_is_the_same_whenever_it_is_made(result: Result, kind: str) -> None:
    view = status_of_result(manifest(IMAGE_ID), result)

    event = finished_event(view, result)

    assert event == finished_event(view, result)
    assert event.id == f"{IMAGE_ID}/{kind}/{result.attempt}"
    assert (event.type, event.subject, event.time) == (kind, IMAGE_ID, result.finished_at)
    assert event.data.status == kind.removeprefix("image.")


def test_events_are_cloudevents_in_json() -> None:
    record = Record(manifest=manifest(IMAGE_ID))
    for event in (processing_event(status_of(record), 1), deleted_event(IMAGE_ID)):
        body = msgspec.json.decode(encode(event))

        assert body.keys() == {
            "id", "type", "subject", "time", "data", "source", "specversion", "datacontenttype",
        }  # fmt: skip
        assert (body["specversion"], body["subject"]) == ("1.0", IMAGE_ID)
        assert decode_event(encode(event)) == event


def test_attempts_have_events_of_their_own() -> None:
    view = status_of(Record(manifest=manifest(IMAGE_ID)))

    assert processing_event(view, 1).id != processing_event(view, 2).id


def test_running_out_of_memory_is_not_the_message_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(msgspec.json, "decode", exhausted)

    with pytest.raises(MemoryError):
        decode_job(b"{}")
