"""Idempotency keys: a client's key stands for the images of the first request that came with it."""

import hashlib
import os
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from common.errors import StoreUnavailableError
from common.model import image_ids
from common.store.disk.durable_files import create_file, read_if_there, replace_file, sync_folder
from common.store.disk.layout import Layout
from common.store.disk.locks import locked
from common.store.disk.thread_pool import Disk
from common.store.disk.waiting_time import is_expired
from common.store.local.documents import UNREADABLE
from common.store.local.presence import verify_present
from common.store.types import IdempotencyRecord

_MOST_TRIES: Final = 100  # each but the last needs a key that expires or is claimed at the same instant


class LocalIdempotencyKeys:
    """Implements `IdempotencyKeys` on the local disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    async def claim(self, key: str, claim: IdempotencyRecord) -> IdempotencyRecord:
        return await self._disk.run(partial(_claim, self._disk.layout, key, claim))

    async def expire(self, *, older_than: timedelta) -> int:
        return await self._disk.run(partial(_expire, self._disk.layout, older_than))


def _claim(layout: Layout, key: str, claim: IdempotencyRecord) -> IdempotencyRecord:
    # A hash, since a key is the client's text and a file name is ours.
    name = hashlib.sha256(key.encode()).hexdigest()
    for _ in range(_MOST_TRIES):
        if create_file(layout.keys, name, msgspec.json.encode(claim)):
            break
        data = read_if_there(layout.keys / name)
        if data is None:
            continue  # it expired just now
        standing = _decode(data)
        if standing is not None and all(layout.image(each).is_dir() for each in standing.image_ids):
            return standing
        verify_present(layout)
        if _replace(layout, name, data, claim):
            break
    else:
        raise StoreUnavailableError("an idempotency key changes all the time")
    sync_folder(layout.keys)
    return claim


def _replace(layout: Layout, name: str, stale: bytes, claim: IdempotencyRecord) -> bool:
    """Have the key, damaged or of deleted images, stand for others; False when another request was faster."""
    with locked(layout.keys_lock, create=True):
        if read_if_there(layout.keys / name) != stale:
            return False
        replace_file(layout.keys, name, msgspec.json.encode(claim))
        return True


def _decode(data: bytes) -> IdempotencyRecord | None:
    """Return what the file of a key says; None when it is damaged, since then nobody knows what it stood for."""
    try:
        record = msgspec.json.decode(data, type=IdempotencyRecord)
    except UNREADABLE:
        return None
    return record if all(image_ids.is_valid(each) for each in record.image_ids) else None


def _expire(layout: Layout, older_than: timedelta) -> int:
    expired = 0
    with os.scandir(layout.keys) as entries, locked(layout.keys_lock, create=True):
        for entry in entries:
            with suppress(FileNotFoundError):
                # Asked anew at each, under the lock: a key that was claimed again is young.
                if is_expired(Path(entry).stat().st_mtime, older_than):
                    os.unlink(entry)  # noqa: PTH108 - the entry is at hand
                    expired += 1
    return expired
