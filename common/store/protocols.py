"""What a store can do. Its methods raise TransientError alone, unless they say otherwise."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from common.model.records import Manifest, Record, Result
from common.store.types import Backlog, IdempotencyRecord, PendingEvent

_T = TypeVar("_T")


class StoredFile(Protocol):
    """A file that was opened to be served: deleting its image changes nothing for its reader.

    `size` is in bytes, `etag` a strong validator with its quotes, `redirect_url` where the client may fetch the file
    itself, or None when it must be sent.
    """

    @property
    def size(self) -> int: ...
    @property
    def etag(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def modified_at(self) -> datetime: ...
    @property
    def redirect_url(self) -> str | None: ...

    def open_range(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to `stop`, which is not among them, in pieces."""

    def close(self) -> None:
        """Give the file back; doing it again changes nothing."""


class StagedUpload(Protocol):
    """An upload as it arrives: invisible until committed, gone when it is not."""

    @property
    def size(self) -> int:
        """Return the number of bytes written so far."""

    @property
    def sha256(self) -> str:
        """Return the hexadecimal SHA-256 of the bytes written so far."""

    async def write(self, data: bytes) -> None:
        """Append `data`."""

    async def inspect(self, examine: Callable[[BinaryIO], _T]) -> _T:
        """Return what `examine`, run in a thread, finds in the bytes written so far."""

    async def commit(self, manifest: Manifest) -> None:
        """Make the upload durable and visible, whole, and mark it as not yet published."""


class Store(Protocol):
    """Keeps images and what became of them; what a method wrote survives a power cut, attempts excepted."""

    def stage(self, image_id: str) -> AbstractAsyncContextManager[StagedUpload]:
        """Begin a new upload. Leaving the context without a commit leaves nothing behind."""

    async def read(self, image_id: str) -> Record | None:
        """Return all that is known of an image; None when there is no such image."""

    async def read_result(self, image_id: str, attempt: int) -> Record | None:
        """Return the record as it was when that attempt had ended; None when it has not, or there is no such image.

        The failure of an attempt stays readable after the image was opened again.
        """

    async def record_attempt(self, image_id: str, worker: str) -> Record | None:
        """Record that `worker` starts on the image, counting the attempts: the record says which this is.

        An image that has its result is not attempted: the record holds that. None when there is no such image; raises
        ImageGoneError when it is deleted at this moment.
        """

    async def count_attempts(self, image_id: str) -> int:
        """Return the number of the image's last attempt, 0 when there was none; its record may be damaged."""

    async def record_attempt_end(self, image_id: str, attempt: int) -> None:
        """Record that the worker has outlived this attempt, which ended without a result.

        Changes nothing once the image has a result or another attempt, or is gone.
        """

    async def record_result(self, result: Result, outputs: Mapping[str, bytes]) -> Result:
        """Write the outputs, then the result unless there is one; return the result that stands.

        Raises ImageGoneError when the image was deleted meanwhile.
        """

    def original(self, image_id: str) -> AbstractAsyncContextManager[Path]:
        """Give the original as a local file, for as long as the context lasts.

        Raises ImageGoneError when the image was deleted: on entering, or in place of an error about the missing file.
        """

    async def open_file(self, image_id: str, filename: str, *, media_type: str) -> StoredFile | None:
        """Open the original or an output to be served as `media_type`; None when it is not there."""

    async def mark_unpublished(self, image_id: str) -> None:
        """Mark, durably, that the image's job is not published; an image that is gone leaves no mark."""

    async def mark_published(self, image_ids: list[str]) -> None:
        """Mark these images' jobs as confirmed by the broker: unfinished, but no longer unpublished."""

    async def unpublished(self, *, older_than: timedelta, limit: int) -> list[str]:
        """Return images marked unpublished for longer than `older_than`, oldest first."""

    async def unfinished(self, *, older_than: timedelta, limit: int) -> list[str]:
        """Return images published longer ago than `older_than` that have no result, oldest first."""

    async def claim_lost(self, image_ids: list[str], *, older_than: timedelta) -> list[str]:
        """Mark unfinished images as unpublished again; return those that no other caller has claimed.

        Left alone are images that were marked anew within `older_than`, finished, or deleted.
        """

    async def clear_pending(self, image_id: str) -> None:
        """Remove the marks of an image that is finished or gone."""

    async def backlog(self) -> Backlog:
        """Count the work that is not done."""

    async def ping(self) -> bool:
        """Return True; raises when the store cannot be written."""


class Catalog(Protocol):
    """All images together."""

    async def page(self, *, before: str | None, limit: int) -> list[str]:
        """Return ids received before the image `before` (None: before now), newest first."""

    async def expired(self, *, received_before: datetime, limit: int) -> list[str]:
        """Return ids received before that time, oldest first."""

    async def delete(self, image_id: str) -> bool:
        """Remove the image and all that was made of it; False when there is none. A job in flight finds it gone."""

    async def reopen(self, image_id: str) -> bool:
        """Open a failed image again and mark it as unpublished; False when it is not failed.

        Raises ImageGoneError when there is no such image.
        """

    async def restore_marks(self, image_ids: list[str]) -> list[str]:
        """Mark those as unpublished that have neither result nor mark: nothing else would end them. Return them."""

    async def sweep(self, *, older_than: timedelta) -> int:
        """Remove uploads and deletions that have stood still for longer than `older_than`; return how many."""

    async def free_bytes(self) -> int:
        """Return the bytes that are free."""


class EventOutbox(Protocol):
    """The events that the broker has not taken; each survives a power cut until it is removed."""

    async def add(self, event: PendingEvent) -> None:
        """Have the event wait; adding it again changes nothing but its time."""

    async def waiting(self, *, older_than: timedelta, limit: int) -> list[PendingEvent]:
        """Return events added longer ago than `older_than`, oldest first."""

    async def remove(self, events: list[PendingEvent]) -> None:
        """Remove events that were sent, or that have nothing to say any more."""


class IdempotencyKeys(Protocol):
    """What clients' idempotency keys stand for."""

    async def claim(self, key: str, claim: IdempotencyRecord) -> IdempotencyRecord:
        """Have `key` stand for these images, unless it stands for some that still exist; return what it stands for."""

    async def expire(self, *, older_than: timedelta) -> int:
        """Remove the keys claimed longer ago than `older_than`; return how many."""


@dataclass(frozen=True)
class Stores:
    """One store, by what one needs of it."""

    images: Store
    catalog: Catalog
    keys: IdempotencyKeys
    events: EventOutbox
