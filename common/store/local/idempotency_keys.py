"""Idempotency keys: what a client's key stands for, first come first kept."""

import hashlib
import os
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import time

import msgspec

from common.store.disk.durable_files import create_file, read_if_there, sync_folder
from common.store.disk.layout import Layout
from common.store.disk.thread_pool import Disk
from common.store.types import IdempotencyRecord


class LocalIdempotencyKeys:
    """Implements `IdempotencyKeys` on the local disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    async def claim(self, key: str, claim: IdempotencyRecord) -> IdempotencyRecord:
        return await self._disk.run(partial(_claim, self._disk.layout, key, claim))

    async def expire(self, *, older_than: timedelta) -> int:
        return await self._disk.run(partial(_expire, self._disk.layout.keys, older_than))


def _claim(layout: Layout, key: str, claim: IdempotencyRecord) -> IdempotencyRecord:
    # A hash, since a key is the client's text and a file name is ours.
    name = hashlib.sha256(key.encode()).hexdigest()
    path = layout.keys / name
    while not create_file(layout.keys, name, msgspec.json.encode(claim)):
        standing = _read(path)
        if standing is not None and all(layout.image(each).is_dir() for each in standing.image_ids):
            return standing
        # Its images were deleted: the key is free again.
        path.unlink(missing_ok=True)
    sync_folder(layout.keys)
    return claim


def _read(path: Path) -> IdempotencyRecord | None:
    data = read_if_there(path)
    return msgspec.json.decode(data, type=IdempotencyRecord) if data else None


def _expire(folder: Path, older_than: timedelta) -> int:
    before = time() - older_than.total_seconds()
    expired = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if entry.stat().st_mtime < before:
                    os.unlink(entry)  # noqa: PTH108 - the entry is at hand
                    expired += 1
    return expired
