"""What a store can do. Its methods raise SurroundingsError alone: StoreFullError or StoreUnavailableError."""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from common.model.records import Manifest, Record, Result
from common.store.local.idempotency_keys import IdempotencyRecord

_T = TypeVar("_T")


@dataclass(frozen=True)
class StoredFile:
    """A file that can be served: where it is, its bytes, and a strong validator for HTTP."""

    path: Path
    etag: str
    stat: os.stat_result

    @property
    def bytes(self) -> int:
        """Its size."""
        return self.stat.st_size


@dataclass(frozen=True)
class Backlog:
    """Images that wait for their job to be published, and images that were published and have no result yet."""

    unpublished: int
    unfinished: int


class StagedUpload(Protocol):
    """An upload as it arrives: invisible until committed, gone when it is not."""

    @property
    def size(self) -> int:
        """Bytes written so far."""

    @property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of the bytes written so far."""

    async def write(self, data: bytes) -> None:
        """Append `data`."""

    async def look(self, inspect: Callable[[BinaryIO], _T]) -> _T:
        """What `inspect`, run in a thread, finds in the bytes written so far."""

    async def commit(self, manifest: Manifest) -> None:
        """Make the upload durable and visible, whole, and note it as not yet published."""


class Store(Protocol):
    """Keeps images and what became of them; every write but `begin`'s survives a power cut once it returned."""

    def stage(self, image_id: str) -> AbstractAsyncContextManager[StagedUpload]:
        """A new upload. Leaving the context without a commit leaves nothing behind."""

    async def read(self, image_id: str) -> Record | None:
        """All that is known of an image; None when there is no such image."""

    async def begin(self, image_id: str, worker: str) -> Record | None:
        """Note that `worker` starts on the image, counting the attempts: the record says which this is.

        An image that has its result is not attempted: the record holds that. None when there is no such image; raises
        ImageGoneError when it is deleted at this moment.
        """

    async def finish(self, result: Result, outputs: Mapping[str, bytes]) -> Result:
        """Keep the outputs, then the result if there is none yet; returns the one that stands.

        Raises ImageGoneError when the image was deleted meanwhile.
        """

    def original(self, image_id: str) -> AbstractAsyncContextManager[Path]:
        """The original as a local file, for as long as the context lasts.

        Raises ImageGoneError when the image was deleted: on entering, or in place of the error of who misses the file.
        """

    async def find(self, image_id: str, filename: str) -> StoredFile | None:
        """The original or an output, to be served."""

    async def mark_unpublished(self, image_id: str) -> None:
        """Make the note that the image's job is not published yet survive a power cut."""

    async def mark_published(self, image_ids: list[str]) -> None:
        """The broker has confirmed these images' jobs: they are unfinished, but no longer unpublished."""

    async def unpublished(self, *, older_than: timedelta, limit: int) -> list[str]:
        """Images whose job was not confirmed, oldest first, noted longer ago than `older_than`."""

    async def unfinished(self, *, older_than: timedelta, limit: int) -> list[str]:
        """Images whose job was published longer ago than `older_than` and that have no result, oldest first."""

    async def forget(self, image_id: str) -> None:
        """Remove the notes of an image that is finished or gone."""

    async def backlog(self) -> Backlog:
        """How much work is not done."""

    async def answers(self) -> bool:
        """True; raises when the store cannot be written."""


class Catalog(Protocol):
    """All images together."""

    async def page(self, *, before: str | None, limit: int) -> list[str]:
        """Ids received before the image `before` (None: before now), newest first."""

    async def expired(self, *, received_before: datetime, limit: int) -> list[str]:
        """Ids received before that moment, oldest first."""

    async def delete(self, image_id: str) -> bool:
        """Remove the image and all that was made of it; False when there is none. A job in flight finds it gone."""

    async def reopen(self, image_id: str) -> bool:
        """Open a failed image again and note it as unpublished; False when it is not failed."""

    async def sweep(self, *, older_than: timedelta) -> int:
        """Remove uploads and deletions that have stood still for longer than `older_than`; returns how many."""

    async def free_bytes(self) -> int:
        """The room left."""


class IdempotencyKeys(Protocol):
    """Idempotency keys."""

    async def claim(self, key: str, claim: IdempotencyRecord) -> IdempotencyRecord:
        """Have `key` stand for these images, unless it stands for some that still exist; returns what it stands for."""

    async def expire(self, *, older_than: timedelta) -> int:
        """Forget the keys claimed longer ago than `older_than`; returns how many."""
