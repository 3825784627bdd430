"""Which records are cached, for how long, and in how much memory."""

import asyncio
import tracemalloc

import msgspec
import pytest

from common.errors import StoreUnavailableError
from common.model import image_ids
from common.model.records import Record
from common.recipes.recipe import Recipe
from common.store import Stores
from services.api.record_cache import CachedRecord, RecordCache
from tests.support.store.memory import MemoryStore, memory_stores
from tests.support.store.stored_images import completed, failed, manifest, uploaded


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


async def status_of(cache: RecordCache, image_id: str) -> str:
    known = await cache.read(image_id)
    assert isinstance(known, CachedRecord)
    assert f'"status":"{known.record.status}"'.encode() in known.status
    return known.record.status


async def test_a_completed_image_is_cached_for_a_second(stores: Stores, clock: Clock) -> None:
    cache, image_id = RecordCache(stores.images, max_bytes=1_000_000, clock=clock), await finished(stores)
    assert await status_of(cache, image_id) == "completed"
    broken(stores)

    clock.now = 0.9
    assert await status_of(cache, image_id) == "completed"
    clock.now = 1.1
    with pytest.raises(StoreUnavailableError):
        await cache.read(image_id)


async def test_what_may_still_change_is_not_cached(stores: Stores, clock: Clock) -> None:
    cache = RecordCache(stores.images, max_bytes=1_000_000, clock=clock)
    image_ids = [await uploaded(stores.images), await finished(stores, fails=True)]
    assert [await status_of(cache, image_id) for image_id in image_ids] == ["uploaded", "failed"]

    await stores.images.record_attempt(image_ids[0], "worker")
    await stores.catalog.reopen(image_ids[1])

    assert [await status_of(cache, image_id) for image_id in image_ids] == ["processing", "uploaded"]


async def test_an_image_that_was_deleted_here_is_gone_at_once(stores: Stores, clock: Clock) -> None:
    cache, image_id = RecordCache(stores.images, max_bytes=1_000_000, clock=clock), await finished(stores)
    assert await status_of(cache, image_id) == "completed"

    await stores.catalog.delete(image_id)
    cache.forget(image_id)

    assert await cache.read(image_id) is None


async def test_one_that_is_deleted_while_it_is_read_is_not_cached(stores: Stores, clock: Clock) -> None:
    image_id = await finished(stores)

    class Deleting:
        async def read(self, image_id: str) -> object:
            record = await stores.images.read(image_id)
            await stores.catalog.delete(image_id)
            cache.forget(image_id)
            return record

    cache = RecordCache(Deleting(), max_bytes=1_000_000, clock=clock)  # type: ignore[arg-type]
    assert await status_of(cache, image_id) == "completed"

    assert await cache.read(image_id) is None


def large_record(image_id: str) -> Record:
    """A record of sixteen outputs of sixteen operations each: the largest that a recipe can make."""
    outputs = [
        {"name": f"output-{number}", "format": "webp", "operations": [{"op": "blur", "sigma": 2.0}] * 16}
        for number in range(16)
    ]
    recipe = msgspec.convert({"outputs": outputs}, Recipe)
    return Record(
        manifest=msgspec.structs.replace(manifest(image_id), recipe=recipe), result=completed(image_id)[0]
    )


class Large:
    """A store in which every image has a large record; counts how many are being read."""

    def __init__(self) -> None:
        self.reading = self.most = 0

    async def read(self, image_id: str) -> Record:
        self.reading += 1
        self.most = max(self.most, self.reading)
        await asyncio.sleep(0)
        self.reading -= 1
        return large_record(image_id)


async def test_the_cache_is_bounded_by_bytes(clock: Clock) -> None:
    cache = RecordCache(Large(), max_bytes=1_000_000, clock=clock)  # type: ignore[arg-type]
    ids = [image_ids.new() for _ in range(300)]
    await cache.read(ids[0])
    tracemalloc.start()
    try:
        for image_id in ids:
            await status_of(cache, image_id)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert used < 1_500_000, "three hundred of them take ten megabytes"


async def test_a_record_larger_than_the_cache_is_answered_and_not_kept(clock: Clock) -> None:
    cache = RecordCache(Large(), max_bytes=1000, clock=clock)  # type: ignore[arg-type]
    image_id = image_ids.new()

    assert await cache.read(image_id) is not await cache.read(image_id)


async def test_few_whole_records_are_in_memory_whatever_is_asked_for(clock: Clock) -> None:
    store = Large()
    cache = RecordCache(store, max_bytes=0, clock=clock)  # type: ignore[arg-type]
    ids = [image_ids.new() for _ in range(1000)]

    answers = await asyncio.gather(
        *(cache.select(ids, lambda record: record.manifest.image_id) for _ in range(3))
    )

    assert answers == [ids] * 3
    assert store.most == 32
