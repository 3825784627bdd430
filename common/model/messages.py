"""The messages on the broker: jobs for the workers, and events for everybody, as CloudEvents 1.0 in JSON."""

from datetime import datetime
from typing import Final, Literal, TypeVar

import msgspec

from common.errors import UnreadableMessageError
from common.model.image_ids import ImageId
from common.model.records import Result, now
from common.model.status import EventData, StatusView, event_data

EVENT_SOURCE: Final = "/darkroom"
MAX_MESSAGE_BYTES: Final = 1_048_576  # a job is a hundred bytes, an event some thousand; more is none of ours

EventType = Literal["image.processing", "image.completed", "image.failed", "image.deleted"]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """The work of developing one image; everything else about it is in the store.

    `attempt` counts from 1, transient errors included; `resubmissions` how often the job came back from the dead-letter
    queue without an attempt of its own.
    """

    image_id: ImageId
    attempt: int = 1
    resubmissions: int = 0
    version: Literal[1] = 1


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A CloudEvent about one image. The same occurrence always has the same `id`, so a repeat is recognizable."""

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
    """Return the event that a worker has begun the image's attempt number `attempt`."""
    return _event("image.processing", view, attempt, now())


def finished_event(view: StatusView, result: Result) -> Event:
    """Return the event that an image is completed or failed; a repeat carries the id and the time of the first."""
    kind: EventType = "image.completed" if result.status == "completed" else "image.failed"
    return _event(kind, view, result.attempt, result.finished_at)


def deleted_event(image_id: str, deleted_at: datetime | None = None) -> Event:
    """Return the event that the image and all that was made of it are gone, since `deleted_at` or just now."""
    data = EventData(image_id=image_id, status="deleted")
    return Event(
        id=f"{image_id}/image.deleted",
        type="image.deleted",
        subject=image_id,
        time=deleted_at or now(),
        data=data,
    )


def encode(message: Job | Event) -> bytes:
    """Return the message's body: JSON in UTF-8."""
    return msgspec.json.encode(message)


def decode_job(body: bytes) -> Job:
    """Return the job in a message's body. Raises UnreadableMessageError, naming what is wrong."""
    return _decode(body, Job)


def decode_event(body: bytes) -> Event:
    """Return the event in a message's body. Raises UnreadableMessageError, naming what is wrong."""
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
    except MemoryError:
        raise  # not the message's fault
    except Exception as error:  # anybody may publish: RecursionError for deep nesting has been seen
        raise UnreadableMessageError(f"{type(error).__name__}: {error}") from error
