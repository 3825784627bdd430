"""Notes about work that is not done: empty files named by image, in `outbox` (not published) or `unfinished`.

They are an index, never the truth: a stale note costs a look or a second publish, which a worker recognizes.
"""

import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from time import time

from common.model import image_ids
from common.store.disk.durable_files import sync_folder
from common.store.disk.layout import Layout


def mark_unpublished(layout: Layout, image_id: str) -> None:
    """Make the note of an unpublished image survive a power cut; it is the only trace of a job there is."""
    (layout.outbox / image_id).touch()
    sync_folder(layout.outbox)


def mark_published(layout: Layout, image_ids: list[str]) -> None:
    """Turn the notes from unpublished to unfinished; those that are so already are dated anew."""
    for image_id in image_ids:
        with suppress(FileNotFoundError):  # a worker was faster
            _redate(layout.outbox / image_id, layout.unfinished / image_id)


def _redate(unpublished: Path, unfinished: Path) -> None:
    try:
        unpublished.replace(unfinished)
    except FileNotFoundError:
        os.utime(unfinished)


def clear(layout: Layout, image_id: str) -> None:
    """Remove the image's notes."""
    (layout.outbox / image_id).unlink(missing_ok=True)
    (layout.unfinished / image_id).unlink(missing_ok=True)


def oldest(folder: Path, older_than: timedelta, limit: int) -> list[str]:
    """The images noted in `folder` and not touched since `older_than`, oldest first."""
    before = time() - older_than.total_seconds()
    with os.scandir(folder) as entries:
        noted = [
            entry.name for entry in entries if image_ids.is_valid(entry.name) and _touched(entry) <= before
        ]
    return sorted(noted)[:limit]


def count(folder: Path) -> int:
    """How many notes there are."""
    with os.scandir(folder) as entries:
        return sum(1 for _ in entries)


def _touched(entry: "os.DirEntry[str]") -> float:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
