"""All images together: listing them, removing them, opening failed ones again, sweeping what crashes left behind."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, islice
from pathlib import Path
from uuid import uuid4

from common.errors import ImageGoneError
from common.model import image_ids
from common.store.disk.durable_files import list_temporaries, sync_folder, sync_nearest_folder
from common.store.disk.layout import (
    ATTEMPT,
    MANIFEST,
    RESULT,
    Layout,
    failed_result,
)
from common.store.disk.locks import locked
from common.store.disk.thread_pool import Disk
from common.store.disk.waiting_time import is_expired
from common.store.local import pending_index
from common.store.local.documents import read_result
from common.store.local.presence import verify_present


class LocalCatalog:
    """Implements `Catalog` on the local disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    async def page(self, *, before: str | None, limit: int) -> list[str]:
        return await self._disk.run(partial(_page, self._disk.layout, before, limit))

    async def expired(self, *, received_before: datetime, limit: int) -> list[str]:
        return await self._disk.run(partial(_expired, self._disk.layout, received_before, limit))

    async def delete(self, image_id: str) -> bool:
        return await self._disk.run(partial(_delete, self._disk.layout, image_id))

    async def reopen(self, image_id: str) -> bool:
        return await self._disk.run(partial(_reopen, self._disk.layout, image_id))

    async def restore_marks(self, image_ids: list[str]) -> list[str]:
        return await self._disk.run(partial(pending_index.restore, self._disk.layout, image_ids))

    async def sweep(self, *, older_than: timedelta) -> int:
        return await self._disk.run(partial(_sweep, self._disk.layout, older_than))

    async def free_bytes(self) -> int:
        return await self._disk.run(lambda: shutil.disk_usage(self._disk.layout.root).free)


def _page(layout: Layout, before: str | None, limit: int) -> list[str]:
    newest_first = _walk(layout.images, 0, _bounds(layout, before), descending=True)
    older = (image_id for image_id in newest_first if before is None or image_id < before)
    page = list(islice(older, limit))
    if not page:
        verify_present(layout)
    return page


def _expired(layout: Layout, received_before: datetime, limit: int) -> list[str]:
    # By the time in the id alone: what seems to come from the future is no older for a clock that was set back.
    bound = image_ids.lowest_at(received_before)
    oldest_first = _walk(layout.images, 0, _bounds(layout, bound), descending=False)
    return list(islice((image_id for image_id in oldest_first if image_id < bound), limit))


def _bounds(layout: Layout, image_id: str | None) -> tuple[str, ...]:
    """Return the names of the folders on the way to an image: what sorts behind them was received later."""
    if image_id is None:
        return ()
    return layout.image(image_id).relative_to(layout.images).parts[:4]


def _walk(folder: Path, depth: int, bounds: tuple[str, ...], *, descending: bool) -> Iterator[str]:
    """Yield the ids below `folder` in order of time, without reading folders that sort behind `bounds`."""
    try:
        names = sorted((path.name for path in folder.iterdir()), reverse=descending)
    except (FileNotFoundError, NotADirectoryError):
        return
    if depth == 4:  # noqa: PLR2004 - year, month, day, minute
        yield from (name for name in names if image_ids.is_valid(name))
        return
    for name in names:
        if bounds and name > bounds[0]:
            continue
        inner = bounds[1:] if bounds and name == bounds[0] else ()
        yield from _walk(folder / name, depth + 1, inner, descending=descending)


def _delete(layout: Layout, image_id: str) -> bool:
    folder, trash_dir = layout.image(image_id), layout.trash_dir(image_id)
    try:
        # One rename, and for everybody else it is gone; a sweep finishes what a crash leaves of the rest.
        folder.rename(trash_dir)
    except FileNotFoundError:
        verify_present(layout)
        pending_index.clear(layout, image_id)  # what a deletion that was cut short has left
        return False
    with ExitStack() as steps:
        # The last is called first, and each whatever happens to those before it.
        steps.callback(_prune, folder.parent, layout.images)
        steps.callback(shutil.rmtree, trash_dir, ignore_errors=True)
        steps.callback(pending_index.clear, layout, image_id)
        steps.callback(sync_nearest_folder, folder.parent)
    return True


def _prune(folder: Path, root: Path) -> None:
    """Remove empty folders from `folder` upwards."""
    with suppress(OSError):  # the first that is not empty ends it
        while folder != root:
            with suppress(FileNotFoundError):  # another deletion was faster
                folder.rmdir()
            folder = folder.parent


def _reopen(layout: Layout, image_id: str) -> bool:
    folder = layout.image(image_id)
    try:
        # One at a time: between reading a failure and moving it away nobody may have completed the image.
        with locked(folder / MANIFEST):
            return _move_failure_away(layout, folder, image_id)
    except FileNotFoundError as error:
        if folder.is_dir():
            raise
        verify_present(layout)
        pending_index.clear(layout, image_id)
        raise ImageGoneError("the image was deleted") from error


def _move_failure_away(layout: Layout, folder: Path, image_id: str) -> bool:
    result = read_result(folder)
    if result is None or result.status != "failed":
        return False
    # The mark first: from here on the image is certain to be published again.
    pending_index.mark_unpublished(layout, image_id)
    (folder / RESULT).rename(folder / failed_result(result.attempt))
    # Once more: the worker that brought the image to its end removes the mark of that, and may be doing so just now.
    pending_index.mark_unpublished(layout, image_id)
    (folder / ATTEMPT).unlink(missing_ok=True)
    sync_folder(folder)
    return True


def _sweep(layout: Layout, older_than: timedelta) -> int:
    """Remove uploads that stopped arriving, deletions and writes that were cut short; return how many."""
    swept = 0
    written = (list_temporaries(folder) for folder in (layout.events, layout.keys))
    for path in chain(layout.incoming.iterdir(), *written):
        touched_at = _last_touched(path)
        # By a clock ahead of ours an upload of this moment comes from the future: it may not be removed at once.
        if touched_at is not None and is_expired(touched_at, older_than):
            _remove(path)
            swept += 1
    return swept


def _remove(path: Path) -> None:
    if path.is_dir():
        # Out of the way by one rename first: an upload that is committed at this moment is whole, or not there at all.
        claimed = path.with_name(f"swept-{uuid4().hex}")
        with suppress(FileNotFoundError):
            path.rename(claimed)
            shutil.rmtree(claimed, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _last_touched(path: Path) -> float | None:
    """Return the latest change of the folder or of anything in it: a slow upload is alive as long as bytes come."""
    with suppress(FileNotFoundError):
        inside = path.iterdir() if path.is_dir() else ()
        return max(float(each.stat().st_mtime) for each in (path, *inside))
    return None
