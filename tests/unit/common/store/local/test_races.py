"""What many do at once to one store on a disk: nobody is told what is not so, and nothing is left behind."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from common.errors import ImageGoneError, TransientError
from common.model import image_ids
from common.store import IdempotencyRecord, Stores, select_store
from common.store.disk.durable_files import read_if_there, sync_nearest_folder
from common.store.local import catalog, idempotency_keys
from common.store.local.documents import read_result
from tests.support.store.stored_images import completed, content_of, failed, uploaded

ROUNDS = 60
ALL = timedelta(seconds=-1)


@pytest.fixture
async def replicas(tmp_path: Path) -> AsyncIterator[list[Stores]]:
    """One store, opened by four processes' worth of threads."""
    async with AsyncExitStack() as stack:
        opened = [select_store("", root=str(tmp_path))() for _ in range(4)]
        yield [await stack.enter_async_context(each) for each in opened]


@pytest.fixture
def stores(replicas: list[Stores]) -> Stores:
    return replicas[0]


def assert_nothing_left(root: Path) -> None:
    """No image, no mark, no folder."""
    left = [
        str(path.relative_to(root)) for path in root.rglob("*") if path.name not in ("keys.lock", "store")
    ]
    assert sorted(left) == ["events", "images", "incoming", "keys", "outbox", "unfinished"]


async def test_uploads_and_deletions_of_one_minute_are_told_the_truth(
    replicas: list[Stores], tmp_path: Path
) -> None:
    """Each deletion of the last image of a minute removes the minute's folder, under the next upload's hands."""

    async def upload_and_delete(stores: Stores) -> list[bool]:
        return [await stores.catalog.delete(await uploaded(stores.images)) for _ in range(ROUNDS)]

    told = await asyncio.gather(*(upload_and_delete(stores) for stores in replicas for _ in range(4)))

    assert all(all(each) for each in told)
    assert_nothing_left(tmp_path)


async def test_an_upload_that_is_swept_while_it_is_committed_is_whole_or_refused(
    replicas: list[Stores],
) -> None:
    """Each sweep is one whose clock is ahead: it takes every upload in progress for one that was left."""

    async def upload(stores: Stores) -> str | None:
        try:
            return await uploaded(stores.images)
        except TransientError:
            return None

    accepted: list[str] = []
    for _ in range(ROUNDS):
        outcomes = await asyncio.gather(
            *(upload(stores) for stores in replicas),
            *(each.catalog.sweep(older_than=ALL) for each in replicas),
        )
        accepted += [each for each in outcomes if isinstance(each, str)]
    for image_id in accepted:
        assert await replicas[0].images.read(image_id) is not None
        assert await content_of(
            await replicas[0].images.open_file(image_id, "original", media_type="image/jpeg")
        )


async def test_of_many_deletions_of_one_image_one_has_deleted_it(
    replicas: list[Stores], tmp_path: Path
) -> None:
    for _ in range(ROUNDS):
        image_id = await uploaded(replicas[0].images)
        told = await asyncio.gather(*(stores.catalog.delete(image_id) for stores in replicas))
        assert sorted(told) == [False, False, False, True]
    assert_nothing_left(tmp_path)


async def test_a_minute_that_vanishes_right_after_a_deletion_changes_nothing(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another deletion removes the empty folder between this one's rename and its sync."""
    image_id = await uploaded(stores.images)

    def emptied(folder: Path) -> None:
        folder.rmdir()
        sync_nearest_folder(folder)

    monkeypatch.setattr(catalog, "sync_nearest_folder", emptied)

    assert await stores.catalog.delete(image_id)
    assert_nothing_left(tmp_path)


async def test_a_key_whose_images_are_gone_is_claimed_by_one(replicas: list[Stores]) -> None:
    for _ in range(ROUNDS):
        stale = IdempotencyRecord(fingerprint="f", image_ids=(image_ids.new(),))
        await replicas[0].keys.claim("key", stale)
        claims = [
            IdempotencyRecord(fingerprint="f", image_ids=(await uploaded(replicas[0].images),))
            for _ in range(8)
        ]

        told = await asyncio.gather(
            *(stores.keys.claim("key", claim) for stores, claim in zip(replicas * 2, claims, strict=True))
        )

        assert len({claim.image_ids for claim in told}) == 1
        await replicas[0].catalog.delete(told[0].image_ids[0])


async def test_a_stale_key_that_another_has_claimed_meanwhile_is_not_taken_away(
    replicas: list[Stores], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both read that the key's images are gone; the second acts on it when the first has claimed the key."""
    one, other = [
        IdempotencyRecord(fingerprint="f", image_ids=(await uploaded(replicas[0].images),)) for _ in range(2)
    ]
    stale = IdempotencyRecord(fingerprint="f", image_ids=(image_ids.new(),))
    await replicas[0].keys.claim("key", stale)
    calls = 0

    def outdated(path: Path) -> bytes | None:
        nonlocal calls
        calls += 1
        return msgspec.json.encode(stale) if calls == 1 else read_if_there(path)

    assert await replicas[0].keys.claim("key", one) == one
    monkeypatch.setattr(idempotency_keys, "read_if_there", outdated)
    assert await replicas[1].keys.claim("key", other) == one


async def test_a_file_that_is_served_while_its_image_is_deleted_is_whole_or_not_there(
    replicas: list[Stores],
) -> None:
    data = os.urandom(400_000)

    async def get(stores: Stores, image_id: str) -> bytes | None:
        file = await stores.images.open_file(image_id, "original", media_type="image/jpeg")
        return None if file is None else await content_of(file)

    for _ in range(ROUNDS):
        image_id = await uploaded(replicas[0].images, data)
        got = await asyncio.gather(
            *(get(stores, image_id) for stores in replicas), replicas[1].catalog.delete(image_id)
        )
        assert all(each in (data, None) for each in got[:-1])


async def test_a_retry_that_races_with_a_deletion_finds_the_image_gone_and_leaves_nothing(
    replicas: list[Stores], tmp_path: Path
) -> None:
    async def reopen(stores: Stores, image_id: str) -> str:
        try:
            reopened = await stores.catalog.reopen(image_id)
            await stores.images.mark_unpublished(image_id)  # as the outbox does when the broker is away
        except ImageGoneError:
            return "gone"
        return "reopened" if reopened else "not failed"

    for _ in range(ROUNDS):
        image_id = await uploaded(replicas[0].images)
        await replicas[0].images.record_result(failed(image_id), {})
        told = await asyncio.gather(
            *(reopen(stores, image_id) for stores in replicas), replicas[1].catalog.delete(image_id)
        )
        assert told[-1] is True
        assert told.count("reopened") <= 1
    assert_nothing_left(tmp_path)


async def test_a_deletion_in_the_middle_of_a_retry_is_told_as_such(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = await uploaded(stores.images)
    await stores.images.record_result(failed(image_id), {})

    def deleted_then(folder: Path) -> Any:
        result = read_result(folder)
        catalog._delete(catalog_layout(stores), image_id)
        return result

    monkeypatch.setattr(catalog, "read_result", deleted_then)
    with pytest.raises(ImageGoneError):
        await stores.catalog.reopen(image_id)
    assert_nothing_left(tmp_path)


def catalog_layout(stores: Stores) -> Any:
    return stores.catalog._disk.layout  # type: ignore[attr-defined]


async def test_a_retry_never_takes_a_completed_result_away(
    replicas: list[Stores], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One has read the failure when another opens the image again and a worker completes it."""
    stores, other = replicas[:2]
    image_id = await uploaded(stores.images)
    await stores.images.record_result(failed(image_id), {})
    loop, calls = asyncio.get_running_loop(), 0

    async def complete() -> None:
        if await other.catalog.reopen(image_id):
            await other.images.record_result(*completed(image_id, attempt=2))

    def slowly(folder: Path) -> Any:
        nonlocal calls
        calls += 1
        result = read_result(folder)
        if calls == 1:
            rival = asyncio.run_coroutine_threadsafe(complete(), loop)
            with pytest.raises(TimeoutError):
                rival.result(0.3)  # it waits for this one
            rivals.append(asyncio.wrap_future(rival, loop=loop))
        return result

    rivals: list[asyncio.Future[None]] = []
    monkeypatch.setattr(catalog, "read_result", slowly)
    assert await stores.catalog.reopen(image_id)
    await asyncio.gather(*rivals)

    monkeypatch.undo()
    record = await stores.images.read(image_id)
    assert record is not None
    assert record.status == "uploaded", "the second found nothing that had failed"
    result, outputs = completed(image_id, attempt=2)
    assert await stores.images.record_result(result, outputs) == result


async def test_of_many_retries_and_workers_at_once_every_completed_result_stays(
    replicas: list[Stores],
) -> None:
    for _ in range(ROUNDS):
        image_id = await uploaded(replicas[0].images)
        await replicas[0].images.record_result(failed(image_id), {})

        async def retry_then_complete(stores: Stores, asked: str) -> bool:
            if not await stores.catalog.reopen(asked):
                return False
            await stores.images.record_result(*completed(asked, attempt=2))
            return True

        told = await asyncio.gather(*(retry_then_complete(stores, image_id) for stores in replicas))

        record = await replicas[0].images.read(image_id)
        assert record is not None
        assert (sorted(told), record.status) == ([False, False, False, True], "completed")


FAILING = ("rename", "fsync", "unlink", "rmdir")


class BrokenDisk:
    """Lets the call numbered `fail_at` of those that a deletion makes end with EIO."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        self.fail_at: int | None = None
        for name in FAILING:
            monkeypatch.setattr(os, name, self._counted(getattr(os, name)))

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **keywords: Any) -> Any:
            self.calls += 1
            if self.calls - 1 == self.fail_at:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return call(*arguments, **keywords)

        return counted

    def each_step(self) -> Iterator[int]:
        """Fail at the first call, then at the second, until there is none left to fail at."""
        for step in range(99):
            self.calls, self.fail_at = 0, step
            yield step
            if self.calls <= step:
                self.fail_at = None
                return


async def test_a_deletion_that_fails_at_any_step_leaves_nothing_that_is_not_swept(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = BrokenDisk(monkeypatch)
    steps = 0
    for step in disk.each_step():
        disk.fail_at = None
        image_id = await uploaded(stores.images)
        disk.calls, disk.fail_at = 0, step
        steps += 1
        try:
            await stores.catalog.delete(image_id)
        except TransientError:
            disk.fail_at = None
            await stores.catalog.delete(
                image_id
            )  # as a withdrawal does, and a client that is told to try again
        calls, disk.fail_at = disk.calls, None
        await stores.catalog.sweep(older_than=ALL)
        await stores.catalog.delete(image_id)
        for empty in sorted((tmp_path / "images").rglob("*"), reverse=True):
            empty.rmdir()  # an empty folder is no image's
        assert_nothing_left(tmp_path)
        disk.calls = calls

    assert steps > 5
