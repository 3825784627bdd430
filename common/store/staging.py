"""Uploads as they arrive: written with aiofiles, hashed and counted on the way, visible by one rename."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from time import monotonic
from typing import BinaryIO, Final, TypeVar

import msgspec
from aiofiles.threadpool.binary import AsyncBufferedIOBase

from common.errors import StoreUnavailableError
from common.records import Manifest
from common.store.files import make_folder, storage_errors, sync_folder, write_temporary
from common.store.layout import MANIFEST, ORIGINAL, Layout

_BUFFER_BYTES: Final = 256 * 1024  # a trip to a thread for each chunk of the network would cost more
_STILL_SECONDS: Final = 0.5  # a slow upload must be seen to live, or it is swept

_T = TypeVar("_T")


@contextmanager
def _in_place() -> Iterator[None]:
    """A staged folder that is not there any more was swept: the client may send it again."""
    try:
        with storage_errors():
            yield
    except FileNotFoundError as error:
        raise StoreUnavailableError("the upload stood still for too long and was swept") from error


class LocalUpload:
    """A staged upload on the local disk. Made by the store alone."""

    def __init__(self, image_id: str, layout: Layout, file: AsyncBufferedIOBase, executor: Executor) -> None:
        self._image_id = image_id
        self._layout = layout
        self._file = file
        self._executor = executor
        self._digest = hashlib.sha256()
        self._buffer: list[bytes] = []
        self._buffered = 0
        self._bytes = 0
        self._flushed_at = monotonic()
        self.committed = False

    @property
    def size(self) -> int:
        return self._bytes

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    async def write(self, data: bytes) -> None:
        self._digest.update(data)
        self._buffer.append(data)
        self._buffered += len(data)
        self._bytes += len(data)
        if self._buffered >= _BUFFER_BYTES or monotonic() >= self._flushed_at + _STILL_SECONDS:
            await self._flush()

    async def look(self, inspect: Callable[[BinaryIO], _T]) -> _T:
        await self._flush()
        with _in_place():
            return await asyncio.get_running_loop().run_in_executor(self._executor, self._look, inspect)

    async def commit(self, manifest: Manifest) -> None:
        await self._flush()
        with _in_place():
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._executor, self._commit, self._file.fileno(), manifest)
        self.committed = True

    async def _flush(self) -> None:
        if not self._buffer:
            return
        data, self._buffer, self._buffered = b"".join(self._buffer), [], 0
        with storage_errors():
            await self._file.write(data)
            await self._file.flush()
        self._flushed_at = monotonic()

    def _look(self, inspect: Callable[[BinaryIO], _T]) -> _T:
        with (self._layout.incoming / self._image_id / ORIGINAL).open("rb") as file:
            return inspect(file)

    def _commit(self, descriptor: int, manifest: Manifest) -> None:
        os.fsync(descriptor)
        staged = self._layout.incoming / self._image_id
        write_temporary(staged, msgspec.json.encode(manifest)).replace(staged / MANIFEST)
        sync_folder(staged)
        # The note first: an API that dies between the rename and the publish leaves a note, not an orphan.
        (self._layout.outbox / self._image_id).touch()
        folder = self._layout.image(self._image_id)
        make_folder(folder.parent)
        staged.rename(folder)
        sync_folder(folder.parent)
