"""The quota of pending images: counted in memory, and brought in line with the store."""

import asyncio

import msgspec
import pytest

from common.errors import StoreUnavailableError
from common.model import image_ids
from common.model.records import Record
from common.store import Stores
from services.api.http.problems import Problem
from services.api.limits.pending_quota import PendingQuota
from tests.support.http.api import damage
from tests.support.quotas import count_free_places
from tests.support.store.memory import MemoryStore, memory_stores
from tests.support.store.stored_images import completed, manifest, uploaded

ALICE, BOB = "key:alice", "key:bob"


@pytest.fixture
def stores() -> Stores:
    return memory_stores()


def quota_of(stores: Stores, limit: int = 3) -> PendingQuota:
    return PendingQuota(stores.images, limit=limit, max_pending=1000)


async def owned(stores: Stores, owner: str) -> str:
    """An image that this owner has uploaded, by way of another replica."""
    image_id = image_ids.new()
    async with stores.images.stage(image_id) as upload:
        await upload.write(b"x")
        await upload.commit(msgspec.structs.replace(manifest(image_id), owner=owner))
    return image_id


async def accept(stores: Stores, quota: PendingQuota, owner: str) -> str:
    quota.reserve(f"key:{owner}")
    image_id = await owned(stores, owner)
    quota.assign(f"key:{owner}", image_id)
    return image_id


async def test_beyond_the_quota_a_client_is_refused_and_others_are_not(stores: Stores) -> None:
    quota = quota_of(stores)
    for _ in range(3):
        await accept(stores, quota, "alice")

    with pytest.raises(Problem) as caught:
        quota.reserve(ALICE)

    assert (caught.value.status, caught.value.code) == (429, "too_many_pending_images")
    assert caught.value.members == {"limit": 3}
    assert int(caught.value.headers["Retry-After"]) > 0
    assert count_free_places(quota, BOB) == 3


async def test_an_image_counts_until_it_has_its_result(stores: Stores) -> None:
    quota = quota_of(stores)
    image_id = await accept(stores, quota, "alice")
    await stores.images.mark_published([image_id])
    await quota.refresh()
    assert count_free_places(quota, ALICE) == 2

    await stores.images.record_result(*completed(image_id))
    await quota.refresh()

    assert count_free_places(quota, ALICE) == 3
    assert (len(quota._clients), len(quota._counts)) == (0, 0), "what has ended takes no memory"


async def test_a_deleted_image_counts_no_longer(stores: Stores) -> None:
    quota = quota_of(stores)
    await stores.catalog.delete(await accept(stores, quota, "alice"))
    await quota.refresh()

    assert count_free_places(quota, ALICE) == 3


async def test_it_survives_a_restart_and_knows_the_images_of_other_replicas(stores: Stores) -> None:
    before = quota_of(stores)
    published = await accept(stores, before, "alice")
    await stores.images.mark_published([published])
    await accept(stores, before, "alice")
    await accept(stores, before, "bob")

    after = quota_of(stores)
    await after.refresh()

    assert [count_free_places(after, client) for client in (ALICE, BOB)] == [1, 2]


async def test_images_accepted_or_ended_while_the_store_is_read_are_counted_once(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota = quota_of(stores, limit=10)
    ended = await accept(stores, quota, "alice")
    unfinished = MemoryStore.unfinished

    async def slow(self: MemoryStore, **arguments: object) -> list[str]:
        listed = await unfinished(self, **arguments)  # type: ignore[arg-type]
        await accept(stores, quota, "alice")  # too late for the list
        return listed

    monkeypatch.setattr(MemoryStore, "unfinished", slow)
    await stores.images.record_result(*completed(ended))
    await quota.refresh()

    assert count_free_places(quota, ALICE) == 9


async def test_an_image_that_is_run_again_counts_for_the_client_that_asked(stores: Stores) -> None:
    quota = quota_of(stores)
    image_id = await accept(stores, quota, "alice")
    quota.reserve(BOB)
    quota.assign(BOB, image_id)

    assert (count_free_places(quota, ALICE), count_free_places(quota, BOB)) == (3, 2)


async def test_a_store_that_does_not_answer_leaves_the_counts(stores: Stores) -> None:
    quota = quota_of(stores)
    await accept(stores, quota, "alice")
    assert isinstance(stores.images, MemoryStore)
    stores.images.memory.fault = StoreUnavailableError("away")

    with pytest.raises(StoreUnavailableError):
        await quota.refresh()

    assert count_free_places(quota, ALICE) == 2


async def test_an_image_whose_record_cannot_be_read_counts_for_nobody(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota = quota_of(stores)
    assert isinstance(stores.images, MemoryStore)
    damage(monkeypatch, stores.images, await owned(stores, "alice"))
    await owned(stores, "alice")

    await quota.refresh()

    assert count_free_places(quota, ALICE) == 2


async def test_an_image_that_could_not_be_read_once_is_counted_the_next_time(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota = quota_of(stores)
    await owned(stores, "alice")
    read = MemoryStore.read

    async def away(self: MemoryStore, image_id: str) -> Record | None:
        monkeypatch.setattr(MemoryStore, "read", read)
        raise StoreUnavailableError("away")

    monkeypatch.setattr(MemoryStore, "read", away)
    await quota.refresh()
    await quota.refresh()

    assert count_free_places(quota, ALICE) == 2


async def test_no_quota_is_no_limit(stores: Stores) -> None:
    assert count_free_places(quota_of(stores, limit=0), ALICE) == 100


async def test_it_follows_the_store_by_itself(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.api.limits.pending_quota._INTERVAL_SECONDS", 0.01)
    quota, counted = quota_of(stores), asyncio.Event()
    refresh = PendingQuota.refresh

    async def refreshing(self: PendingQuota) -> None:
        await refresh(self)
        if count_free_places(self, ALICE) == 2:
            counted.set()

    monkeypatch.setattr(PendingQuota, "refresh", refreshing)
    await owned(stores, "alice")
    following = asyncio.create_task(quota.run())
    try:
        async with asyncio.timeout(5):
            await counted.wait()
    finally:
        following.cancel()


async def test_an_image_without_owner_or_tag_counts_for_nobody(stores: Stores) -> None:
    quota = quota_of(stores)
    await uploaded(stores.images)
    await quota.refresh()

    assert count_free_places(quota, ALICE) == 3
