"""The messages on the broker: jobs for the workers, and events for everybody, as CloudEvents 1.0 in JSON."""

from datetime import datetime
from typing import Final, Literal, TypeVar

import msgspec

from common.errors import UnreadableMessageError
from common.model.image_ids import ImageId
from common.model.records import Result, now
from common.model.status import EventData, StatusView, event_data

JOB_VERSION: Final = 1
EVENT_SOURCE: Final = "/darkroom"
MAX_MESSAGE_BYTES: Final = 1_048_576  # a job is a hundred bytes, an event some thousand; more is rubbish

EventType = Literal["image.processing", "image.completed", "image.failed", "image.deleted"]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """An order to develop one image; everything else about it is in the store. `attempt` counts from 1."""

    image_id: ImageId
    attempt: int = 1
    version: Literal[1] = 1


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A CloudEvent about one image. The same happening always has the same `id`, so a repeat is recognizable."""

    id: str
    type: EventType
    subject: str
    time: datetime
    data: EventData
    source: str = EVENT_SOURCE
    specversion: Literal["1.0"] = "1.0"
    datacontenttype: Literal["application/json"] = "application/json"


_Message = TypeVar("_Message", Job, Event)


def processing_event(view: StatusView, attempt: int) -> Event:
    """A worker has taken the image up."""
    return _event("image.processing", view, attempt, now())


def finished_event(view: StatusView, result: Result) -> Event:
    """The image is completed or failed; a repeat carries the id and the time of the first."""
    kind: EventType = "image.completed" if result.status == "completed" else "image.failed"
    return _event(kind, view, result.attempt, result.finished_at)


def deleted_event(image_id: str) -> Event:
    """The image and all that was made of it are gone."""
    data = EventData(image_id=image_id, status="deleted")
    return Event(
        id=f"{image_id}/image.deleted", type="image.deleted", subject=image_id, time=now(), data=data
    )


def encode(message: Job | Event) -> bytes:
    """The body of the message."""
    return msgspec.json.encode(message)


def decode_job(body: bytes) -> Job:
    """The job in a message's body. Raises UnreadableMessageError, naming what is wrong."""
    return _decode(body, Job)


def decode_event(body: bytes) -> Event:
    """The event in a message's body. Raises UnreadableMessageError, naming what is wrong."""
    return _decode(body, Event)


def _event(kind: EventType, view: StatusView, attempt: int, time: datetime) -> Event:
    return Event(
        id=f"{view.image_id}/{kind}/{attempt}",
        type=kind,
        subject=view.image_id,
        time=time,
        data=event_data(view),
    )


def _decode(body: bytes, kind: type[_Message]) -> _Message:
    if len(body) > MAX_MESSAGE_BYTES:
        raise UnreadableMessageError(f"{len(body)} bytes, more than {MAX_MESSAGE_BYTES}")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableMessageError(str(error)) from error
