"""Marks of work that is not done: empty files named by image, in `outbox` (not published) or `unfinished`.

They are an index, never the truth: a stale mark costs a read or a second publish, which a worker recognizes.
"""

import os
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path

from common.model import image_ids
from common.store.disk.durable_files import TEMPORARY_PREFIX, sync_folder
from common.store.disk.layout import MANIFEST, RESULT, Layout
from common.store.disk.waiting_time import is_due
from common.store.local.presence import verify_present


def mark_unpublished(layout: Layout, image_id: str) -> None:
    """Mark an image as unpublished, durably: it is the only trace of a job there is. One that is gone has no mark."""
    (layout.outbox / image_id).touch()
    if not layout.image(image_id).is_dir():
        verify_present(layout)
        clear(layout, image_id)
        return
    sync_folder(layout.outbox)


def mark_published(layout: Layout, image_ids: list[str]) -> None:
    """Turn the marks from unpublished to unfinished; those that are so already are dated anew."""
    for image_id in image_ids:
        with suppress(FileNotFoundError):  # a worker was faster
            _redate(layout.outbox / image_id, layout.unfinished / image_id)


def claim_lost(layout: Layout, image_ids: list[str], older_than: timedelta) -> list[str]:
    """Turn marks from unfinished to unpublished; return those that nobody else has turned or dated anew."""
    return [image_id for image_id in image_ids if _claim(layout, image_id, older_than)]


def restore(layout: Layout, image_ids: list[str]) -> list[str]:
    """Mark those images as unpublished that have neither result nor mark; return them."""
    restored = [image_id for image_id in image_ids if _is_forgotten(layout, image_id)]
    for image_id in restored:
        mark_unpublished(layout, image_id)
    return restored


def clear(layout: Layout, image_id: str) -> None:
    """Remove the image's marks, each of them whatever happens to the other."""
    with ExitStack() as steps:
        # In this order (the last is called first): a mark that is turned meanwhile is met in its new place.
        steps.callback((layout.unfinished / image_id).unlink, missing_ok=True)
        steps.callback((layout.outbox / image_id).unlink, missing_ok=True)


def oldest(folder: Path, older_than: timedelta, limit: int) -> list[str]:
    """Return the images marked in `folder` and not touched since `older_than`, oldest first."""
    with os.scandir(folder) as entries:
        touched = [(_touched_at(entry), entry.name) for entry in entries if image_ids.is_valid(entry.name)]
    return first_due(touched, older_than, limit)


def first_due(touched: Iterable[tuple[float | None, str]], older_than: timedelta, limit: int) -> list[str]:
    """Return the names that have waited for `older_than`, oldest first; None is the time of what vanished."""
    due = [(at, name) for at, name in touched if at is not None and is_due(at, older_than)]
    return [name for _, name in sorted(due)[:limit]]


def count(folder: Path) -> int:
    """Return how many marks there are."""
    with os.scandir(folder) as entries:
        return sum(not entry.name.startswith(TEMPORARY_PREFIX) for entry in entries)


def _is_forgotten(layout: Layout, image_id: str) -> bool:
    folder, outbox = layout.image(image_id), layout.outbox / image_id
    # In this order: a mark that is turned meanwhile is met in its new place, and goes only after the result has come.
    marks = (outbox, layout.unfinished / image_id, outbox)
    return not any(path.exists() for path in (*marks, folder / RESULT)) and (folder / MANIFEST).exists()


def _redate(unpublished: Path, unfinished: Path) -> None:
    try:
        unpublished.replace(unfinished)
    except FileNotFoundError:
        os.utime(unfinished)
    else:
        os.utime(unfinished)


def _claim(layout: Layout, image_id: str, older_than: timedelta) -> bool:
    mark = layout.outbox / image_id
    with suppress(FileNotFoundError):
        if not is_due((layout.unfinished / image_id).stat().st_mtime, older_than):
            return False
        (layout.unfinished / image_id).rename(mark)
        os.utime(mark)  # now, so that no relay takes it before the replica that claimed it
        return True
    return False


def _touched_at(entry: "os.DirEntry[str]") -> float | None:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:
        return None
