"""Uploads as they arrive: written with aiofiles, hashed and counted on the way, visible by one rename.

What fits the buffer, as most images on the web do, waits there for its commit: one thread hop in place of six.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO, FileIO
from pathlib import Path
from time import monotonic
from typing import BinaryIO, Final, TypeVar

import aiofiles.threadpool
import msgspec
from aiofiles.threadpool.binary import AsyncFileIO

from common.errors import StoreUnavailableError
from common.model.records import Manifest
from common.store.disk.durable_files import (
    make_folder,
    sync_folder,
    sync_nearest_folder,
    to_transient_error,
    write_file,
)
from common.store.disk.layout import MANIFEST
from common.store.disk.thread_pool import Disk
from common.store.types import ORIGINAL

_BUFFER_BYTES: Final = 256 * 1024  # a thread hop for each chunk of the network would cost more
_STILL_SECONDS: Final = 0.5  # a slow upload must be seen to live, or it is swept
_MOST_RENAMES: Final = 1000  # each but the last needs a deletion at the same instant

_T = TypeVar("_T")


class _HashedFile(FileIO):
    """A new file that hashes what is written to it: in the thread that writes, which holds nobody up."""

    def __init__(self, path: Path, digest: "hashlib._Hash") -> None:
        super().__init__(path, "xb")
        self._digest = digest

    def writelines(self, pieces: Iterable[bytes]) -> None:  # type: ignore[override]  # of any buffer, elsewhere
        """Write all of the pieces, however often it takes: `FileIO` writes what fits and says how much that was."""
        data = b"".join(pieces)  # a copy is cheaper than asking for the interpreter's lock at each piece
        self._digest.update(data)
        left = memoryview(data)
        while left:
            left = left[self.write(left) :]


class LocalUpload:
    """Implements `StagedUpload` on the local disk; made by the store alone."""

    def __init__(self, image_id: str, disk: Disk) -> None:
        self._image_id = image_id
        self._disk = disk
        self._staged = disk.layout.incoming / image_id
        self._on_disk = False
        self._file: AsyncFileIO | None = None
        self._digest = hashlib.sha256()
        self._buffer: list[bytes] = []
        self._buffered = 0
        self._bytes = 0
        self._flushed_at = monotonic()
        self._committed = False

    @property
    def size(self) -> int:
        return self._bytes

    @property
    def sha256(self) -> str:
        digest = self._digest.copy()
        for piece in self._buffer:
            digest.update(piece)
        return digest.hexdigest()

    async def write(self, data: bytes) -> None:
        self._buffer.append(data)
        self._buffered += len(data)
        self._bytes += len(data)
        if self._buffered >= _BUFFER_BYTES or monotonic() >= self._flushed_at + _STILL_SECONDS:
            await self._flush()

    async def inspect(self, examine: Callable[[BinaryIO], _T]) -> _T:
        if self._file is None:
            buffered = BytesIO(b"".join(self._buffer))
            return await self._disk.inspect(lambda: examine(buffered))
        await self._flush()
        return await self._disk.inspect(lambda: self._examine(examine))

    async def commit(self, manifest: Manifest) -> None:
        document = msgspec.json.encode(manifest)
        if self._file is not None:
            await self._flush()
        self._on_disk = True
        await self._disk.run(lambda: self._commit(document))
        self._committed = True

    async def close(self) -> None:
        """Leave nothing open, and nothing at all of what was not committed."""
        if self._file is not None:
            await self._file.close()
        if self._on_disk and not self._committed:
            await self._disk.run(lambda: shutil.rmtree(self._staged, ignore_errors=True))

    async def _flush(self) -> None:
        if not self._buffer:
            return
        file = self._file or await self._open()
        pieces, self._buffer, self._buffered = self._buffer, [], 0
        try:
            await file.writelines(pieces)
        except OSError as error:
            raise to_transient_error(error) from error
        self._flushed_at = monotonic()

    async def _open(self) -> AsyncFileIO:
        self._on_disk = True
        opened = await self._disk.run(self._opened)
        self._file = aiofiles.threadpool.wrap(opened, executor=self._disk.executor)
        return self._file

    def _opened(self) -> _HashedFile:
        self._staged.mkdir()
        return _HashedFile(self._staged / ORIGINAL, self._digest)

    def _examine(self, examine: Callable[[BinaryIO], _T]) -> _T:
        with self._naming_sweep(), (self._staged / ORIGINAL).open("rb") as file:
            return examine(file)

    def _commit(self, document: bytes) -> None:
        if self._file is None:
            self._staged.mkdir()
            write_file(self._staged / ORIGINAL, b"".join(self._buffer))
        else:
            os.fsync(self._file.fileno())
        with self._naming_sweep():
            self._make_visible(document)

    @contextmanager
    def _naming_sweep(self) -> Iterator[None]:
        """Say of a staged folder that is not there any more that it was swept: the client may send it again."""
        try:
            yield
        except FileNotFoundError as error:
            if self._staged.is_dir():
                raise
            raise StoreUnavailableError("the upload stood still for too long and was swept") from error

    def _make_visible(self, document: bytes) -> None:
        layout = self._disk.layout
        write_file(self._staged / MANIFEST, document)
        sync_folder(self._staged)
        # The mark first: an API that dies between the rename and the publish leaves a mark, not an orphan.
        write_file(layout.outbox / self._image_id, b"", durable=False)
        folder = layout.image(self._image_id)
        try:
            self._move(folder)
        except OSError:
            (layout.outbox / self._image_id).unlink(missing_ok=True)
            raise
        sync_nearest_folder(folder.parent)

    def _move(self, folder: Path) -> None:
        """Rename the staged folder, as often as deletions remove the minute from under it, empty as it is."""
        for _ in range(_MOST_RENAMES):
            with suppress(FileNotFoundError):
                if not self._disk.layout.images.is_dir():
                    break  # its disk is not there, and what would be made in its place would be lost
                make_folder(folder.parent)
                self._staged.rename(folder)
                return
            if not self._staged.is_dir():
                break
        raise FileNotFoundError(errno.ENOENT, "no folder to move the upload to")
