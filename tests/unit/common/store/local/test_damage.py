"""The local store with files that are damaged, or left by writers that died: each harms itself alone."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from common.errors import StoreUnavailableError
from common.model import image_ids
from common.model.records import now
from common.store import IdempotencyRecord, PendingEvent, Stores, select_store
from common.store.disk.durable_files import replace_file
from common.store.local import idempotency_keys
from tests.support.store.stored_images import completed, failed, uploaded

ALL = timedelta(seconds=-1)
DAMAGED = {
    "empty": b"",
    "rubbish": b"\x80 rubbish",
    "another document": b"[]",
    "deeply nested": b'{"x":' + b"[" * 100_000,
    "no image's id": b'{"fingerprint":"f","image_ids":["../x"]}',
}


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def damage_manifest(root: Path) -> None:
    next(root.rglob("manifest.json")).write_bytes(b"rubbish")


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    async with select_store("", root=str(tmp_path))() as made:
        yield made


@pytest.mark.parametrize("document", DAMAGED.values(), ids=DAMAGED)
async def test_a_damaged_key_is_claimed_anew(stores: Stores, tmp_path: Path, document: bytes) -> None:
    claims = [
        IdempotencyRecord(fingerprint=name, image_ids=(await uploaded(stores.images),)) for name in "ab"
    ]
    await stores.keys.claim("key", claims[0])
    next((tmp_path / "keys").iterdir()).write_bytes(document)

    assert await stores.keys.claim("key", claims[1]) == claims[1]
    assert await stores.keys.claim("key", claims[0]) == claims[1]


async def test_a_key_that_can_never_be_claimed_ends_as_an_error(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    def expired(path: Path) -> None: ...

    claim = IdempotencyRecord(fingerprint="f", image_ids=(image_ids.new(),))
    await stores.keys.claim("key", claim)
    monkeypatch.setattr(idempotency_keys, "read_if_there", expired)

    with pytest.raises(StoreUnavailableError):
        await stores.keys.claim("key", claim)


@pytest.mark.parametrize("folder", ["events", "keys", "incoming"])
async def test_what_a_dead_writer_left_is_swept(stores: Stores, tmp_path: Path, folder: str) -> None:
    left = tmp_path / folder / ".tmp-left"
    left.touch()

    assert (await stores.images.backlog()).unannounced == 0
    assert await stores.catalog.sweep(older_than=timedelta(hours=1)) == 0
    assert await stores.catalog.sweep(older_than=ALL) == 1
    assert not left.exists()


def test_a_file_that_cannot_be_replaced_leaves_no_temporary(tmp_path: Path) -> None:
    (tmp_path / "name").mkdir()

    with pytest.raises(OSError, match="directory"):
        replace_file(tmp_path, "name", b"data")

    assert names_in(tmp_path) == ["name"]


@pytest.mark.parametrize("document", DAMAGED.values(), ids=DAMAGED)
async def test_a_damaged_event_keeps_no_other_waiting(
    stores: Stores, tmp_path: Path, document: bytes
) -> None:
    (tmp_path / "events" / "damaged").write_bytes(document)
    event = PendingEvent(image_id=image_ids.new(), type="image.deleted", occurred_at=now())
    await stores.events.add(event)

    assert await stores.events.waiting(older_than=ALL, limit=9) == [event]
    assert len(names_in(tmp_path / "events")) == 1


async def test_an_event_under_another_s_name_does_not_wait_forever(stores: Stores, tmp_path: Path) -> None:
    event = PendingEvent(image_id=image_ids.new(), type="image.deleted", occurred_at=now())
    await stores.events.add(event)
    next((tmp_path / "events").iterdir()).rename(tmp_path / "events" / "other")

    assert await stores.events.waiting(older_than=ALL, limit=9) == []
    assert not names_in(tmp_path / "events")


async def test_attempts_are_counted_though_the_record_is_damaged(stores: Stores, tmp_path: Path) -> None:
    image_id = await uploaded(stores.images)
    assert await stores.images.count_attempts(image_id) == 0
    await stores.images.record_attempt(image_id, "worker")
    damage_manifest(tmp_path)
    assert await stores.images.count_attempts(image_id) == 1

    await stores.images.record_result(failed(image_id, 2, "record_unreadable"), {})
    assert await stores.catalog.reopen(image_id)

    assert await stores.images.count_attempts(image_id) == 2
    assert await stores.images.count_attempts(image_ids.new()) == 0


async def test_an_image_without_result_and_mark_is_marked_again_and_no_other_is(
    stores: Stores, tmp_path: Path
) -> None:
    forgotten, unpublished, unfinished, ended, deleted = [await uploaded(stores.images) for _ in range(5)]
    await stores.images.mark_published([unfinished, ended])
    await stores.images.record_result(*completed(ended))
    await stores.catalog.delete(deleted)
    (tmp_path / "outbox" / forgotten).unlink()

    asked = [forgotten, unpublished, unfinished, ended, deleted]
    assert await stores.catalog.restore_marks(asked) == [forgotten]

    assert sorted(names_in(tmp_path / "outbox")) == sorted([forgotten, unpublished])
    assert names_in(tmp_path / "unfinished") == [unfinished]
