"""What the store holds about an image: write-once JSON documents, and the status that follows from them.

Sizes are bytes, times are RFC 3339 UTC, durations are milliseconds with the unit in the name.
"""

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from common.model.reports import ImageReport, OutputReport, SourceReport
from common.recipes.recipe import Recipe

Status = Literal["uploaded", "processing", "completed", "failed"]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`manifest.json`: what was uploaded and what is to be made of it; written before the 202."""

    image_id: str
    filename: str | None
    media_type: str
    bytes: int
    sha256: str
    recipe: Recipe
    preset: str | None = None
    owner: str | None = None
    received_at: datetime


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """`attempt.json`: written before a worker decodes; its loss harms nothing."""

    attempt: int
    worker: str
    started_at: datetime


class OutputRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One developed file. `filename` is its name in the image's folder, `url` its path on the API."""

    name: str
    filename: str
    url: str
    media_type: str
    width: int
    height: int
    bytes: int
    report: OutputReport


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why an image could not be developed: a stable code and a sentence for people."""

    code: str
    reason: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """`result.json`: the end of an image; created once, by whoever is first."""

    image_id: str
    status: Literal["completed", "failed"]
    attempt: int
    finished_at: datetime
    duration_ms: float = 0.0
    outputs: tuple[OutputRecord, ...] = ()
    source: SourceReport | None = None
    picture: ImageReport | None = None
    failure: Failure | None = None


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """What `GET /status/{image_id}` answers and what the events carry as `data`."""

    image_id: str
    status: Status
    details: dict[str, Any]
    error: str | None = None
    error_code: str | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """All the store knows of one image at one moment."""

    manifest: Manifest
    attempt: Attempt | None = None
    result: Result | None = None

    @property
    def status(self) -> Status:
        """Derived, never stored: a result decides, else an attempt, else it waits."""
        if self.result is not None:
            return self.result.status
        return "uploaded" if self.attempt is None else "processing"

    @property
    def attempts(self) -> int:
        """How often a worker has begun on it."""
        return self.attempt.attempt if self.attempt else 0

    def view(self) -> StatusView:
        """The public status of this moment."""
        if self.result is not None:
            return view_of_result(self.manifest, self.result)
        details = _upload_details(self.manifest)
        if self.attempt is not None:
            details |= {"attempt": self.attempt.attempt, "started_at": self.attempt.started_at}
        return StatusView(image_id=self.manifest.image_id, status=self.status, details=details)


def view_of_result(manifest: Manifest, result: Result) -> StatusView:
    """The public status of a finished image."""
    details = _upload_details(manifest) | {
        "attempt": result.attempt,
        "finished_at": result.finished_at,
        "duration_ms": result.duration_ms,
    }
    if result.failure is not None:
        return StatusView(
            image_id=result.image_id,
            status="failed",
            details=details,
            error=result.failure.reason,
            error_code=result.failure.code,
        )
    details |= {
        "source": result.source,
        "picture": result.picture,
        "outputs": [_public_output(output) for output in result.outputs],
    }
    return StatusView(image_id=result.image_id, status="completed", details=details)


def now() -> datetime:
    """This moment, in UTC: every time in a record comes from here."""
    return datetime.now(UTC)


def _upload_details(manifest: Manifest) -> dict[str, Any]:
    return {
        "filename": manifest.filename,
        "media_type": manifest.media_type,
        "bytes": manifest.bytes,
        "sha256": manifest.sha256,
        "received_at": manifest.received_at,
    }


def _public_output(output: OutputRecord) -> dict[str, Any]:
    return {
        "name": output.name,
        "url": output.url,
        "media_type": output.media_type,
        "width": output.width,
        "height": output.height,
        "bytes": output.bytes,
        **msgspec.structs.asdict(output.report),
    }
