"""The local store by a clock that was set back: nothing waits until it has caught up."""

import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from time import time

import pytest

from common.model import image_ids
from common.model.records import now
from common.store import IdempotencyRecord, PendingEvent, Stores, select_store
from tests.support.store.stored_images import uploaded

GRACE = timedelta(seconds=10)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    async with select_store("", root=str(tmp_path))() as made:
        yield made


def set_clock_back(folder: Path, by: timedelta) -> None:
    """Date everything in the folder as it is seen by a clock that was set back."""
    for path in folder.iterdir():
        os.utime(path, (time() + by.total_seconds(),) * 2)


async def test_an_upload_that_waits_in_the_outbox_is_due(stores: Stores, tmp_path: Path) -> None:
    image_id = await uploaded(stores.images)
    set_clock_back(tmp_path / "outbox", HOUR)

    assert await stores.images.unpublished(older_than=GRACE, limit=9) == [image_id]


async def test_an_unfinished_image_and_an_event_are_due(stores: Stores, tmp_path: Path) -> None:
    image_id = await uploaded(stores.images)
    await stores.images.mark_published([image_id])
    event = PendingEvent(image_id=image_id, type="image.deleted", occurred_at=now())
    await stores.events.add(event)
    for folder in ("unfinished", "events"):
        set_clock_back(tmp_path / folder, HOUR)

    assert await stores.images.unfinished(older_than=GRACE, limit=9) == [image_id]
    assert await stores.images.claim_lost([image_id], older_than=GRACE) == [image_id]
    assert await stores.events.waiting(older_than=GRACE, limit=9) == [event]


async def test_what_a_crash_left_is_swept(stores: Stores, tmp_path: Path) -> None:
    (tmp_path / "incoming" / image_ids.new()).mkdir()
    set_clock_back(tmp_path / "incoming", HOUR * 2)

    assert await stores.catalog.sweep(older_than=HOUR) == 1


async def test_an_upload_by_a_clock_that_is_ahead_is_not_swept(stores: Stores, tmp_path: Path) -> None:
    async with stores.images.stage(image_ids.new()) as upload:
        await upload.write(bytes(300_000))
        set_clock_back(tmp_path / "incoming", timedelta(minutes=5))

        assert await stores.catalog.sweep(older_than=HOUR) == 0
        assert await upload.inspect(lambda file: len(file.read())) == 300_000


async def test_a_key_is_neither_kept_for_ever_nor_thrown_away_early(stores: Stores, tmp_path: Path) -> None:
    image_id = await uploaded(stores.images)
    await stores.keys.claim("key", IdempotencyRecord(fingerprint="f", image_ids=(image_id,)))

    set_clock_back(tmp_path / "keys", HOUR)
    assert await stores.keys.expire(older_than=DAY) == 0
    set_clock_back(tmp_path / "keys", DAY * 365)
    assert await stores.keys.expire(older_than=DAY) == 1


async def test_a_clock_that_was_set_back_makes_no_image_older(stores: Stores) -> None:
    await uploaded(stores.images, image_id=image_ids.lowest_at(now() + DAY))

    assert await stores.catalog.expired(received_before=now() - HOUR, limit=9) == []
