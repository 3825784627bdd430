"""The store on a local disk or a shared file system: an image is a folder of write-once files."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import aiofiles
import msgspec

from common.errors import ImageGoneError, StoreUnavailableError
from common.records import Attempt, Manifest, Record, Result, now
from common.store import files, notes
from common.store.base import Backlog, StoredFile
from common.store.disk import Disk
from common.store.layout import ATTEMPT, MANIFEST, ORIGINAL, RESULT, Layout
from common.store.staging import LocalUpload


class LocalStore:
    """Implements `Store`."""

    def __init__(self, disk: Disk) -> None:
        self._layout = disk.layout
        self._executor = disk.executor
        self._run = disk.run

    async def prepare(self) -> None:
        """Create the store's folders where they are missing."""
        await self._run(self._prepare)

    async def answers(self) -> bool:
        await self._run(lambda: files.write_temporary(self._layout.incoming, b"", durable=False).unlink())
        return True

    @asynccontextmanager
    async def stage(self, image_id: str) -> AsyncIterator[LocalUpload]:
        folder = self._layout.incoming / image_id
        await self._run(folder.mkdir)
        committed = False
        try:
            async with aiofiles.open(folder / ORIGINAL, "xb", executor=self._executor) as file:
                upload = LocalUpload(image_id, self._layout, file, self._executor)
                yield upload
                committed = upload.committed
        finally:
            if not committed:
                # Shielded: it must happen even when the client is gone.
                await asyncio.shield(self._run(lambda: shutil.rmtree(folder, ignore_errors=True)))

    async def read(self, image_id: str) -> Record | None:
        return await self._run(partial(read_record, self._layout.image(image_id)))

    async def begin(self, image_id: str, worker: str) -> Attempt:
        return await self._run(partial(self._begin, image_id, worker))

    async def finish(self, result: Result, outputs: Mapping[str, bytes]) -> Result:
        return await self._run(partial(self._finish, result, outputs))

    @asynccontextmanager
    async def original(self, image_id: str) -> AsyncIterator[Path]:
        path = self._layout.image(image_id) / ORIGINAL
        if not await self._run(path.is_file):
            raise ImageGoneError("the image was deleted")
        yield path

    async def find(self, image_id: str, filename: str) -> StoredFile | None:
        return await self._run(partial(_find, self._layout.image(image_id) / filename))

    async def keep_unpublished(self, image_id: str) -> None:
        await self._run(partial(notes.keep, self._layout, image_id))

    async def mark_published(self, image_ids: list[str]) -> None:
        await self._run(partial(notes.mark_published, self._layout, image_ids))

    async def unpublished(self, *, older_than: timedelta, limit: int) -> list[str]:
        return await self._run(partial(notes.oldest, self._layout.outbox, older_than, limit))

    async def unfinished(self, *, older_than: timedelta, limit: int) -> list[str]:
        return await self._run(partial(notes.oldest, self._layout.unfinished, older_than, limit))

    async def forget(self, image_id: str) -> None:
        await self._run(partial(self._forget, image_id))

    async def backlog(self) -> Backlog:
        return await self._run(partial(_backlog, self._layout))

    def _prepare(self) -> None:
        for folder in self._layout.folders:
            files.make_folder(folder)

    def _begin(self, image_id: str, worker: str) -> Attempt:
        folder = self._layout.image(image_id)
        attempt = Attempt(attempt=_attempts(folder) + 1, worker=worker, started_at=now())
        with _gone_if_missing():
            # Not synced: should a power cut take it, a count restarts and nothing else.
            files.replace_file(folder, ATTEMPT, msgspec.json.encode(attempt), durable=False)
        return attempt

    def _finish(self, result: Result, outputs: Mapping[str, bytes]) -> Result:
        folder = self._layout.image(result.image_id)
        with _gone_if_missing():
            if not (folder / RESULT).exists():
                self._write_result(folder, result, outputs)
            standing = msgspec.json.decode((folder / RESULT).read_bytes(), type=Result)
        notes.mark_finished(self._layout, result.image_id)
        return standing

    def _write_result(self, folder: Path, result: Result, outputs: Mapping[str, bytes]) -> None:
        try:
            self._write_outputs(folder, outputs)
            files.create_file(folder, RESULT, msgspec.json.encode(result))
        except FileNotFoundError:
            # Whoever came first has removed our temporary files with those of the dead; or the image is deleted.
            if not (folder / RESULT).exists():
                raise
        files.sync_folder(folder)
        files.remove_temporaries(folder)

    def _forget(self, image_id: str) -> None:
        # A worker that died right after its result has left a temporary file, and this note.
        files.remove_temporaries(self._layout.image(image_id))
        notes.mark_finished(self._layout, image_id)

    @staticmethod
    def _write_outputs(folder: Path, outputs: Mapping[str, bytes]) -> None:
        written: list[tuple[Path, Path]] = []
        try:
            for name, data in outputs.items():
                written.append((files.write_temporary(folder, data), folder / name))
            for temporary, final in written:
                temporary.replace(final)
        finally:
            for temporary, _ in written:
                temporary.unlink(missing_ok=True)
        if written:
            # Before the result: a result that survives a power cut has its outputs.
            files.sync_folder(folder)


def read_record(folder: Path) -> Record | None:
    """What the files in an image's folder say; the result first, since it is written last."""
    result = files.read_if_there(folder / RESULT)
    attempt = None if result else files.read_if_there(folder / ATTEMPT)
    manifest = files.read_if_there(folder / MANIFEST)
    if manifest is None:
        return None
    try:
        return _decode(manifest, attempt, result)
    except msgspec.DecodeError as error:
        raise StoreUnavailableError("a record of the image cannot be read") from error


def _decode(manifest: bytes, attempt: bytes | None, result: bytes | None) -> Record:
    return Record(
        manifest=msgspec.json.decode(manifest, type=Manifest),
        attempt=msgspec.json.decode(attempt, type=Attempt) if attempt else None,
        result=msgspec.json.decode(result, type=Result) if result else None,
    )


def _attempts(folder: Path) -> int:
    """How often the image was attempted, those attempts included that ended in a failure it was opened again from."""
    if before := files.read_if_there(folder / ATTEMPT):
        return msgspec.json.decode(before, type=Attempt).attempt
    return max((int(path.stem.removeprefix("failed-")) for path in folder.glob("failed-*.json")), default=0)


def _backlog(layout: Layout) -> Backlog:
    return Backlog(unpublished=notes.count(layout.outbox), unfinished=notes.count(layout.unfinished))


def _find(path: Path) -> StoredFile | None:
    with suppress(FileNotFoundError, NotADirectoryError):
        stat = path.stat()
        etag = f'"{stat.st_ino:x}-{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        return StoredFile(path=path, bytes=stat.st_size, etag=etag, modified=stat.st_mtime)
    return None


@contextmanager
def _gone_if_missing() -> Iterator[None]:
    """A folder that vanished under our hands was deleted."""
    try:
        yield
    except FileNotFoundError as error:
        raise ImageGoneError("the image was deleted") from error
