"""Events that the broker has not taken: small files named by event, durable before anything relies on them."""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec

from common.model import image_ids
from common.store.disk.durable_files import (
    TEMPORARY_PREFIX,
    read_if_there,
    replace_file,
    sync_folder,
)
from common.store.disk.thread_pool import Disk
from common.store.local.documents import UNREADABLE
from common.store.local.pending_index import first_due
from common.store.types import PendingEvent

_EVENT = msgspec.json.Decoder(PendingEvent)


class LocalEventOutbox:
    """Implements `EventOutbox` on the local disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._folder = disk.layout.events

    async def add(self, event: PendingEvent) -> None:
        await self._disk.run(partial(_add, self._folder, event))

    async def waiting(self, *, older_than: timedelta, limit: int) -> list[PendingEvent]:
        return await self._disk.run(partial(_waiting, self._folder, older_than, limit))

    async def remove(self, events: list[PendingEvent]) -> None:
        await self._disk.run(partial(_remove, self._folder, events))


def _filename(event: PendingEvent) -> str:
    return f"{event.image_id}.{event.type}.{event.attempt}"


def _add(folder: Path, event: PendingEvent) -> None:
    replace_file(folder, _filename(event), msgspec.json.encode(event))
    sync_folder(folder)


def _waiting(folder: Path, older_than: timedelta, limit: int) -> list[PendingEvent]:
    found = [_read(folder / name) for name in first_due(_touched(folder), older_than, limit)]
    return [event for event in found if event is not None]


def _touched(folder: Path) -> Iterator[tuple[float, str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(TEMPORARY_PREFIX):
                with suppress(FileNotFoundError):  # another relay was faster
                    yield entry.stat().st_mtime, entry.name


def _read(path: Path) -> PendingEvent | None:
    document = read_if_there(path)
    if document is None:
        return None
    with suppress(*UNREADABLE):
        event = _EVENT.decode(document)
        if image_ids.is_valid(event.image_id) and _filename(event) == path.name:
            return event
    # Nothing in it can be announced, or be removed by its name then: it would be read again forever.
    path.unlink(missing_ok=True)
    return None


def _remove(folder: Path, events: list[PendingEvent]) -> None:
    for event in events:
        (folder / _filename(event)).unlink(missing_ok=True)
