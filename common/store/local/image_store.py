"""The store on a local disk or a shared file system: an image is a folder of write-once files."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from common.errors import ImageGoneError, StoreUnavailableError
from common.model.records import (
    Attempt,
    Record,
    Result,
    now,
)
from common.store.disk import durable_files
from common.store.disk.layout import (
    ATTEMPT,
    Layout,
)
from common.store.disk.open_file import OpenFile, open_if_there
from common.store.disk.thread_pool import Disk
from common.store.local import pending_index, presence, results
from common.store.local.documents import (
    count_attempts,
    read_record,
    read_record_of_attempt,
)
from common.store.local.results import naming_missing_files
from common.store.local.staged_upload import LocalUpload
from common.store.types import ORIGINAL, Backlog

log = structlog.get_logger(__name__)

_T = TypeVar("_T")


class LocalStore:
    """Implements `Store`."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._layout = disk.layout
        self._run = disk.run
        self._run_batched = disk.run_batched

    async def prepare(self) -> None:
        """Create the store's folders where they are missing. Logs `store.created` when there was no store."""
        if await self._run(partial(presence.prepare, self._layout)):
            # Here, not in the thread that did it: what the process binds to its log lines is not known there.
            log.warning("store.created", folder=str(self._layout.root))

    async def ping(self) -> bool:
        await self._run(self._ping)
        return True

    @asynccontextmanager
    async def stage(self, image_id: str) -> AsyncIterator[LocalUpload]:
        upload = LocalUpload(image_id, self._disk)
        try:
            yield upload
        finally:
            # Shielded: it must happen even when the client is gone.
            await asyncio.shield(upload.close())

    async def read(self, image_id: str) -> Record | None:
        return await self._run_batched(partial(self._find, read_record, self._layout.image(image_id)))

    async def read_result(self, image_id: str, attempt: int) -> Record | None:
        read = partial(read_record_of_attempt, attempt=attempt)
        return await self._run(partial(self._find, read, self._layout.image(image_id)))

    async def record_attempt(self, image_id: str, worker: str) -> Record | None:
        return await self._run(partial(self._record_attempt, image_id, worker))

    async def count_attempts(self, image_id: str) -> int:
        return await self._run(partial(count_attempts, self._layout.image(image_id)))

    async def record_attempt_end(self, image_id: str, attempt: int) -> None:
        await self._run(partial(self._record_attempt_end, image_id, attempt))

    async def record_result(self, result: Result, outputs: Mapping[str, bytes]) -> Result:
        return await self._run(partial(results.record_result, self._layout, result, outputs))

    @asynccontextmanager
    async def original(self, image_id: str) -> AsyncIterator[Path]:
        path = self._layout.image(image_id) / ORIGINAL
        try:
            yield path
        except StoreUnavailableError as error:
            if not await self._run(path.is_file):
                await self._run(partial(presence.verify_present, self._layout))
                raise ImageGoneError("the image was deleted") from error
            raise

    async def open_file(self, image_id: str, filename: str, *, media_type: str) -> OpenFile | None:
        path = self._layout.image(image_id) / filename
        open_file = partial(open_if_there, media_type=media_type, disk=self._disk)
        return await self._run_batched(partial(self._find, open_file, path))

    async def mark_unpublished(self, image_id: str) -> None:
        await self._run(partial(pending_index.mark_unpublished, self._layout, image_id))

    async def mark_published(self, image_ids: list[str]) -> None:
        await self._run(partial(pending_index.mark_published, self._layout, image_ids))

    async def unpublished(self, *, older_than: timedelta, limit: int) -> list[str]:
        return await self._run(partial(pending_index.oldest, self._layout.outbox, older_than, limit))

    async def unfinished(self, *, older_than: timedelta, limit: int) -> list[str]:
        return await self._run(partial(pending_index.oldest, self._layout.unfinished, older_than, limit))

    async def claim_lost(self, image_ids: list[str], *, older_than: timedelta) -> list[str]:
        return await self._run(partial(pending_index.claim_lost, self._layout, image_ids, older_than))

    async def clear_pending(self, image_id: str) -> None:
        await self._run(partial(results.clear_pending, self._layout, image_id))

    async def backlog(self) -> Backlog:
        return await self._run(partial(_backlog, self._layout))

    def _ping(self) -> None:
        durable_files.write_temporary(self._layout.incoming, b"", durable=False).unlink()
        presence.verify_present(self._layout)

    def _find(self, read: Callable[[Path], _T | None], path: Path) -> _T | None:
        """Return what `read` finds at `path`; None when the store is there and has nothing."""
        found = read(path)
        if found is None:
            presence.verify_present(self._layout)
        return found

    def _record_attempt(self, image_id: str, worker: str) -> Record | None:
        folder = self._layout.image(image_id)
        record = self._find(read_record, folder)
        if record is None or record.result is not None:
            return record
        attempt = Attempt(
            attempt=count_attempts(folder) + 1, worker=worker, started_at=now(), deaths=record.deaths
        )
        with naming_missing_files(self._layout, folder):
            # Not synced: should a power cut take it, a count restarts and nothing else.
            durable_files.replace_file(folder, ATTEMPT, msgspec.json.encode(attempt), durable=False)
        return Record(manifest=record.manifest, attempt=attempt)

    def _record_attempt_end(self, image_id: str, attempt: int) -> None:
        folder = self._layout.image(image_id)
        record = self._find(read_record, folder)
        if record is None or record.attempt is None or record.attempt.attempt != attempt:
            return
        ended = msgspec.structs.replace(record.attempt, ended=True)
        with naming_missing_files(self._layout, folder):
            durable_files.replace_file(folder, ATTEMPT, msgspec.json.encode(ended), durable=False)


def _backlog(layout: Layout) -> Backlog:
    return Backlog(
        unpublished=pending_index.count(layout.outbox),
        unfinished=pending_index.count(layout.unfinished),
        unannounced=pending_index.count(layout.events),
    )
