"""What the store holds about an image: write-once JSON documents, and the status that follows from them.

Sizes are bytes, times are RFC 3339 UTC, durations are milliseconds with the unit in the name.
"""

from datetime import UTC, datetime
from typing import Final, Literal, get_args

import msgspec

from common.model.reports import ImageReport, OutputReport, SourceReport
from common.recipes.recipe import Recipe

Status = Literal["uploaded", "processing", "completed", "failed"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`manifest.json`: what was uploaded and what is to be made of it; written before the 202.

    `owner` is the name of the API key, `client` an opaque tag of the sender where there are no keys.
    """

    image_id: str
    filename: str | None
    media_type: str
    bytes: int
    sha256: str
    recipe: Recipe
    preset: str | None = None
    owner: str | None = None
    client: str | None = None
    received_at: datetime


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """`attempt.json`: written before a worker decodes; its loss harms nothing.

    `ended` tells that the worker has outlived the attempt, which it is to repeat; `deaths` is how many attempts before
    it ended without that.
    """

    attempt: int
    worker: str
    started_at: datetime
    ended: bool = False
    deaths: int = 0


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
    """`result.json`: how an image ended; created once, by the first worker to finish it."""

    image_id: str
    status: Literal["completed", "failed"]
    attempt: int
    finished_at: datetime
    duration_ms: float = 0.0
    outputs: tuple[OutputRecord, ...] = ()
    source: SourceReport | None = None
    image: ImageReport | None = None
    failure: Failure | None = None


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
        """The number of attempts that workers have begun."""
        return self.attempt.attempt if self.attempt else 0

    @property
    def deaths(self) -> int:
        """The number of attempts whose worker died or lost its connection, the one in progress included."""
        return self.attempt.deaths + (not self.attempt.ended) if self.attempt else 0


def now() -> datetime:
    """This moment, in UTC: every time in a record comes from here."""
    return datetime.now(UTC)
