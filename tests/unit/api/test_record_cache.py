"""What is remembered of completed images, and for how long."""

import pytest

from common.errors import StoreUnavailableError
from common.store import Stores
from services.api.record_cache import CachedRecord, RecordCache
from tests.support.store.memory import MemoryStore, memory_stores
from tests.support.store.stored_images import completed, failed, uploaded


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stores() -> Stores:
    return memory_stores()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def broken(stores: Stores) -> None:
    """From here on the store does not answer: who gets something has it from memory."""
    assert isinstance(stores.images, MemoryStore)
    stores.images.memory.fault = StoreUnavailableError("away")


async def finished(stores: Stores, *, fails: bool = False) -> str:
    image_id = await uploaded(stores.images)
    result, outputs = (failed(image_id), {}) if fails else completed(image_id)
    await stores.images.record_result(result, outputs)
    return image_id


async def status_of(recent: RecordCache, image_id: str) -> str:
    known = await recent.read(image_id)
    assert isinstance(known, CachedRecord)
    assert f'"status":"{known.record.status}"'.encode() in known.status
    return known.record.status


async def test_a_completed_image_is_remembered_for_a_second(stores: Stores, clock: Clock) -> None:
    recent, image_id = RecordCache(stores.images, clock), await finished(stores)
    assert await status_of(recent, image_id) == "completed"
    broken(stores)

    clock.now = 0.9
    assert await status_of(recent, image_id) == "completed"
    clock.now = 1.1
    with pytest.raises(StoreUnavailableError):
        await recent.read(image_id)


async def test_what_may_still_change_is_not(stores: Stores, clock: Clock) -> None:
    recent = RecordCache(stores.images, clock)
    image_ids = [await uploaded(stores.images), await finished(stores, fails=True)]
    assert [await status_of(recent, image_id) for image_id in image_ids] == ["uploaded", "failed"]

    await stores.images.record_attempt(image_ids[0], "worker")
    await stores.catalog.reopen(image_ids[1])

    assert [await status_of(recent, image_id) for image_id in image_ids] == ["processing", "uploaded"]


async def test_an_image_that_was_deleted_here_is_gone_at_once(stores: Stores, clock: Clock) -> None:
    recent, image_id = RecordCache(stores.images, clock), await finished(stores)
    assert await status_of(recent, image_id) == "completed"

    await stores.catalog.delete(image_id)
    recent.forget(image_id)

    assert await recent.read(image_id) is None


async def test_one_that_is_deleted_while_it_is_read_is_not_remembered(stores: Stores, clock: Clock) -> None:
    image_id = await finished(stores)

    class Deleting:
        async def read(self, image_id: str) -> object:
            record = await stores.images.read(image_id)
            await stores.catalog.delete(image_id)
            recent.forget(image_id)
            return record

    recent = RecordCache(Deleting(), clock)  # type: ignore[arg-type]
    assert await status_of(recent, image_id) == "completed"

    assert not recent._kept


async def test_only_so_many_are_remembered(
    stores: Stores, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.api.record_cache._MOST", 2)
    recent, image_ids = RecordCache(stores.images, clock), [await finished(stores) for _ in range(3)]

    for image_id in image_ids:
        await recent.read(image_id)

    assert list(recent._kept) == image_ids[1:]
