"""The public status of an image: what `GET /status/{image_id}` answers and what the events carry as `data`.

Derived from the records, never stored. Sizes are bytes, times are RFC 3339 UTC, durations are milliseconds.
"""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from common.model.records import Manifest, OutputRecord, Record, Result, Status
from common.model.reports import ImageReport, OutputReport, SourceReport


class OutputView(OutputReport, frozen=True, kw_only=True):
    """An output that was made, and how: `url` is its path on the API, `width` and `height` are its pixels."""

    name: str
    url: str
    media_type: str
    width: int
    height: int
    bytes: int


class StatusDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the upload, and of what became of it so far.

    `attempt` is there once a worker has begun, `started_at` while it works, `finished_at` and `duration_ms` once the
    image is completed or failed, the rest once it is completed. `image` is what the image's pixels say.
    """

    filename: str | None
    media_type: str
    bytes: int
    sha256: str
    received_at: datetime
    attempt: int | UnsetType = UNSET
    started_at: datetime | UnsetType = UNSET
    finished_at: datetime | UnsetType = UNSET
    duration_ms: float | UnsetType = UNSET
    source: SourceReport | UnsetType | None = UNSET
    image: ImageReport | UnsetType | None = UNSET
    outputs: tuple[OutputView, ...] | UnsetType = UNSET


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """The status of an image; `error` and `error_code` say why it failed, and are null unless it did."""

    image_id: str
    status: Status
    details: StatusDetails
    error: str | None = None
    error_code: str | None = None


class EventData(msgspec.Struct, frozen=True, kw_only=True):
    """An event's `data`: the members of the status, or of a deleted image its id alone."""

    image_id: str
    status: Status | Literal["deleted"]
    details: StatusDetails | UnsetType = UNSET
    error: str | UnsetType | None = UNSET
    error_code: str | UnsetType | None = UNSET


def status_of(record: Record) -> StatusView:
    """Return the public status that follows from the record."""
    if record.result is not None:
        return status_of_result(record.manifest, record.result)
    details = _upload_details(record.manifest)
    if record.attempt is not None:
        details = msgspec.structs.replace(
            details, attempt=record.attempt.attempt, started_at=record.attempt.started_at
        )
    return StatusView(image_id=record.manifest.image_id, status=record.status, details=details)


def status_of_result(manifest: Manifest, result: Result) -> StatusView:
    """Return the public status of an image that is completed or failed."""
    details = msgspec.structs.replace(
        _upload_details(manifest),
        attempt=result.attempt,
        finished_at=result.finished_at,
        duration_ms=result.duration_ms,
    )
    if result.failure is not None:
        return StatusView(
            image_id=result.image_id,
            status="failed",
            details=details,
            error=result.failure.reason,
            error_code=result.failure.code,
        )
    details = msgspec.structs.replace(
        details,
        source=result.source,
        image=result.image,
        outputs=tuple(_output_view(output) for output in result.outputs),
    )
    return StatusView(image_id=result.image_id, status="completed", details=details)


def event_data(view: StatusView) -> EventData:
    """Return the status as an event carries it."""
    return EventData(**msgspec.structs.asdict(view))


def _upload_details(manifest: Manifest) -> StatusDetails:
    return StatusDetails(
        filename=manifest.filename,
        media_type=manifest.media_type,
        bytes=manifest.bytes,
        sha256=manifest.sha256,
        received_at=manifest.received_at,
    )


def _output_view(output: OutputRecord) -> OutputView:
    return OutputView(
        name=output.name,
        url=output.url,
        media_type=output.media_type,
        width=output.width,
        height=output.height,
        bytes=output.bytes,
        **msgspec.structs.asdict(output.report),
    )
