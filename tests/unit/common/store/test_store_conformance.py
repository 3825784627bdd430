"""What every store promises, asked of each adapter: the local disk, and the memory that stands in for it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from common.errors import ImageGoneError, StoreUnavailableError
from common.model import image_ids
from common.model.messages import EventType
from common.model.records import now
from common.store import IdempotencyRecord, PendingEvent, StoredFile, Stores, select_store
from tests.support.store.memory import memory_stores
from tests.support.store.stored_images import (
    completed,
    content_of,
    failed,
    manifest,
    uploaded,
)

NOW = timedelta(0)
LONG_AGO = timedelta(hours=1)
ENDS: tuple[tuple[EventType, int], ...] = (("image.failed", 1), ("image.completed", 2), ("image.deleted", 0))


@pytest.fixture(params=["local", "memory"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    if request.param == "memory":
        yield memory_stores()
        return
    async with select_store("", root=str(tmp_path / "store"))() as made:
        yield made


async def test_an_upload_is_invisible_until_it_is_committed(stores: Stores) -> None:
    image_id = image_ids.new()
    async with stores.images.stage(image_id) as upload:
        await upload.write(b"one")
        await upload.write(b"two")
        assert await stores.images.read(image_id) is None
        assert await _opened(stores, image_id, "original") is None
        assert upload.size == 6
        await upload.commit(manifest(image_id, b"onetwo"))

        record = await stores.images.read(image_id)

    assert record is not None
    assert (record.status, record.manifest.bytes) == ("uploaded", 6)
    async with stores.images.original(image_id) as path:
        assert path.read_bytes() == b"onetwo"


async def test_the_digest_is_that_of_all_bytes_written(stores: Stores) -> None:
    data = [bytes([number]) * 100_000 for number in range(9)]
    async with stores.images.stage(image_ids.new()) as upload:
        for piece in data:
            await upload.write(piece)
        assert upload.sha256 == hashlib.sha256(b"".join(data)).hexdigest()


@pytest.mark.parametrize("ends", ["without a word", "with an error", "cancelled"])
async def test_an_upload_that_is_not_committed_leaves_nothing(stores: Stores, ends: str) -> None:
    image_id = image_ids.new()

    async def begin() -> None:
        async with stores.images.stage(image_id) as upload:
            await upload.write(b"half of it")
            if ends == "with an error":
                raise ZeroDivisionError
            if ends == "cancelled":
                await asyncio.Event().wait()

    task = asyncio.create_task(begin())
    await asyncio.wait([task], timeout=0.2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert await stores.images.read(image_id) is None
    assert await stores.catalog.sweep(older_than=timedelta(seconds=-1)) == 0
    assert (await stores.images.backlog()).unpublished == 0


async def test_the_status_follows_from_what_was_written(stores: Stores) -> None:
    image_id = await uploaded(stores.images)
    statuses = [await _status(stores, image_id)]
    await stores.images.record_attempt(image_id, "worker")
    statuses.append(await _status(stores, image_id))
    await stores.images.record_result(*completed(image_id))
    statuses.append(await _status(stores, image_id))

    assert statuses == ["uploaded", "processing", "completed"]


async def test_attempts_are_counted(stores: Stores) -> None:
    image_id = await uploaded(stores.images)

    begun = [await stores.images.record_attempt(image_id, f"worker {number}") for number in range(3)]

    assert [record.attempts for record in begun if record] == [1, 2, 3]
    record = await stores.images.read(image_id)
    assert record is not None
    assert record.attempt is not None
    assert record.attempt.worker == "worker 2"


async def test_attempts_that_their_worker_outlived_are_no_deaths(stores: Stores) -> None:
    image_id = await uploaded(stores.images)
    for attempt in (1, 2, 3):
        await stores.images.record_attempt(image_id, "worker")
        if attempt != 2:
            await stores.images.record_attempt_end(image_id, attempt)
    await stores.images.record_attempt_end(image_id, 2)  # late, and not the last any more

    record = await stores.images.read(image_id)

    assert record is not None
    assert (record.attempts, record.deaths) == (3, 1)
    await stores.images.record_attempt_end(image_ids.new(), 1)


async def test_the_first_result_stands(stores: Stores) -> None:
    image_id = await uploaded(stores.images)
    result, outputs = completed(image_id)
    first = await stores.images.record_result(result, outputs)

    second = await stores.images.record_result(failed(image_id, attempt=2), {"large.jpg": b"other bytes"})

    assert first == second == result
    assert await _bytes(stores, image_id, "large.jpg") == b"developed"


async def test_of_results_at_once_one_stands_and_everybody_is_told_which(stores: Stores) -> None:
    image_id = await uploaded(stores.images)

    told = await asyncio.gather(
        *(stores.images.record_result(*completed(image_id, attempt=n)) for n in range(1, 9))
    )

    assert len({result.attempt for result in told}) == 1
    record = await stores.images.read(image_id)
    assert record is not None
    assert record.result == told[0]


async def test_an_output_is_found_with_its_size_and_a_validator_that_stays(stores: Stores) -> None:
    image_id = await uploaded(stores.images)
    await stores.images.record_result(*completed(image_id))

    one, other = [await _opened(stores, image_id, "large.jpg") for _ in range(2)]
    original = await _opened(stores, image_id, "original")

    assert one is not None
    assert original is not None
    assert other is not None
    assert one.etag == other.etag
    assert one.size == len(b"developed")
    assert one.etag.startswith('"')
    assert one.etag.endswith('"')
    assert one.etag != original.etag
    assert one.media_type == "image/jpeg"
    assert abs(now() - one.modified_at) < timedelta(days=400)
    for file in (one, other, original):
        file.close()


async def test_a_range_of_a_file_is_read_to_its_end_even_when_its_image_is_deleted(stores: Stores) -> None:
    data = bytes(range(256)) * 1024
    image_id = await uploaded(stores.images, data)
    file = await _opened(stores, image_id, "original")
    assert file is not None
    assert file.redirect_url is None

    await stores.catalog.delete(image_id)
    part = [piece async for piece in file.open_range(5, 200_000)]

    assert b"".join(part) == data[5:200_000]
    assert len(part) > 1
    assert [piece async for piece in file.open_range(7, 7)] == []
    file.close()
    file.close()


async def test_what_is_not_there_is_not_found(stores: Stores) -> None:
    image_id = await uploaded(stores.images)

    assert await _opened(stores, image_id, "large.jpg") is None
    assert await _opened(stores, image_ids.new(), "original") is None
    assert await stores.images.read(image_ids.new()) is None


async def test_an_image_that_is_gone_is_said_to_be(stores: Stores) -> None:
    image_id = await uploaded(stores.images)
    assert await stores.catalog.delete(image_id)

    assert await stores.images.record_attempt(image_id, "worker") is None
    with pytest.raises(ImageGoneError):
        await stores.images.record_result(*completed(image_id))
    with pytest.raises(ImageGoneError):
        async with stores.images.original(image_id):
            raise StoreUnavailableError("the file is missing")
    assert await stores.images.read(image_id) is None
    assert not await stores.catalog.delete(image_id)
    assert (await stores.images.backlog()).unpublished == 0


async def test_marks_follow_an_image_from_the_upload_to_its_end(stores: Stores) -> None:
    image_id = await uploaded(stores.images)
    assert await _marked(stores) == ([image_id], [])

    await stores.images.mark_published([image_id])
    assert await _marked(stores) == ([], [image_id])

    await stores.images.record_result(*completed(image_id))
    assert await _marked(stores) == ([], [])

    await stores.images.mark_published([image_id])
    assert await _marked(stores) == ([], []), "a confirm that comes after the end opens nothing"


async def test_marks_are_listed_oldest_first_and_only_when_they_are_old_enough(stores: Stores) -> None:
    image_ids = [await uploaded(stores.images) for _ in range(5)]

    assert await stores.images.unpublished(older_than=NOW, limit=3) == image_ids[:3]
    assert await stores.images.unpublished(older_than=LONG_AGO, limit=3) == []
    assert (await stores.images.backlog()).unpublished == 5


async def test_a_mark_can_be_made_anew(stores: Stores) -> None:
    image_id = await uploaded(stores.images)
    await stores.images.mark_published([image_id])
    await stores.images.record_result(*completed(image_id))

    await stores.images.mark_unpublished(image_id)

    assert image_id in await stores.images.unpublished(older_than=NOW, limit=9)
    await stores.images.clear_pending(image_id)
    assert await _marked(stores) == ([], [])


async def test_pages_go_from_the_newest_to_the_oldest(stores: Stores) -> None:
    image_ids = [await uploaded(stores.images) for _ in range(5)]

    first = await stores.catalog.page(before=None, limit=3)
    second = await stores.catalog.page(before=first[-1], limit=3)

    assert first + second == image_ids[::-1]
    assert await stores.catalog.page(before=second[-1], limit=3) == []


async def test_expired_are_the_oldest_received_before_a_time(stores: Stores) -> None:
    old = [await uploaded(stores.images) for _ in range(3)]
    await asyncio.sleep(0.005)
    moment = now()
    await uploaded(stores.images)

    assert await stores.catalog.expired(received_before=moment, limit=2) == old[:2]


async def test_a_failed_image_is_opened_again_and_its_attempts_go_on(stores: Stores) -> None:
    image_id = await uploaded(stores.images)
    await stores.images.record_attempt(image_id, "worker")
    await stores.images.record_result(failed(image_id), {})

    assert await stores.catalog.reopen(image_id)

    assert await _status(stores, image_id) == "uploaded"
    assert await _marked(stores) == ([image_id], [])
    begun = await stores.images.record_attempt(image_id, "worker")
    assert begun is not None
    assert begun.attempts == 2
    assert not await stores.catalog.reopen(image_id)


async def test_an_image_that_is_gone_leaves_no_mark(stores: Stores) -> None:
    image_id = await uploaded(stores.images)
    await stores.catalog.delete(image_id)

    await stores.images.mark_unpublished(image_id)
    await stores.images.mark_published([image_id])

    assert await _marked(stores) == ([], [])


async def test_lost_images_are_claimed_by_one_and_only_after_a_while(stores: Stores) -> None:
    lost, finished = [await uploaded(stores.images) for _ in range(2)]
    await stores.images.mark_published([lost, finished])
    await stores.images.record_result(*completed(finished))

    assert await stores.images.claim_lost([lost, finished], older_than=LONG_AGO) == []
    claims = await asyncio.gather(
        *(stores.images.claim_lost([lost, finished], older_than=NOW) for _ in range(4))
    )

    assert sorted(claims) == [[], [], [], [lost]]
    assert await _marked(stores) == ([lost], [])


async def test_the_result_of_every_attempt_stays_readable(stores: Stores) -> None:
    image_id = await uploaded(stores.images)
    await stores.images.record_result(failed(image_id), {})
    await stores.catalog.reopen(image_id)
    assert await stores.images.read_result(image_id, 2) is None
    await stores.images.record_result(*completed(image_id, attempt=2))

    ended = [await stores.images.read_result(image_id, attempt) for attempt in (1, 2)]

    assert [record.status for record in ended if record] == ["failed", "completed"]
    await stores.catalog.delete(image_id)
    assert await stores.images.read_result(image_id, 2) is None


async def test_events_wait_until_they_are_removed(stores: Stores) -> None:
    events = [
        PendingEvent(image_id=image_id, type=kind, attempt=attempt, occurred_at=now())
        for image_id in (image_ids.new(), image_ids.new())
        for kind, attempt in ENDS
    ]
    for event in (*events, events[0]):
        await stores.events.add(event)

    assert await stores.events.waiting(older_than=LONG_AGO, limit=99) == []
    waiting = await stores.events.waiting(older_than=NOW, limit=99)
    assert sorted(map(repr, waiting)) == sorted(map(repr, events))
    assert len(await stores.events.waiting(older_than=NOW, limit=2)) == 2
    assert (await stores.images.backlog()).unannounced == 6

    await stores.events.remove(events[1:])
    await stores.events.remove(events[1:])

    assert await stores.events.waiting(older_than=NOW, limit=99) == events[:1]


async def test_an_image_that_has_its_result_is_not_attempted(stores: Stores) -> None:
    image_id = await uploaded(stores.images)
    result = await stores.images.record_result(*completed(image_id))

    begun = await stores.images.record_attempt(image_id, "worker")

    assert begun is not None
    assert (begun.result, begun.attempt) == (result, None)


async def test_an_original_that_is_there_and_cannot_be_read_is_the_store_s_fault(stores: Stores) -> None:
    image_id = await uploaded(stores.images)

    with pytest.raises(StoreUnavailableError):
        async with stores.images.original(image_id):
            raise StoreUnavailableError("it cannot be read")


async def test_a_completed_or_missing_image_is_not_opened_again(stores: Stores) -> None:
    image_id = await uploaded(stores.images)
    await stores.images.record_result(*completed(image_id))

    assert not await stores.catalog.reopen(image_id)
    with pytest.raises(ImageGoneError):
        await stores.catalog.reopen(image_ids.new())
    assert await _status(stores, image_id) == "completed"


async def test_a_key_stands_for_the_first_until_its_images_are_gone(stores: Stores) -> None:
    one, other = [
        IdempotencyRecord(fingerprint="f", image_ids=(await uploaded(stores.images),)) for _ in range(2)
    ]

    assert await stores.keys.claim("key", one) == one
    assert await stores.keys.claim("key", other) == one
    assert await stores.keys.claim("another/../key", other) == other
    await stores.catalog.delete(one.image_ids[0])
    assert await stores.keys.claim("key", other) == other


async def test_of_claims_at_once_one_stands(stores: Stores) -> None:
    claims = [
        IdempotencyRecord(fingerprint="f", image_ids=(await uploaded(stores.images),)) for _ in range(8)
    ]

    told = await asyncio.gather(*(stores.keys.claim("key", claim) for claim in claims))

    assert len({claim.image_ids for claim in told}) == 1


async def test_keys_expire(stores: Stores) -> None:
    image_id = await uploaded(stores.images)
    await stores.keys.claim("key", IdempotencyRecord(fingerprint="f", image_ids=(image_id,)))

    assert await stores.keys.expire(older_than=LONG_AGO) == 0
    assert await stores.keys.expire(older_than=timedelta(seconds=-1)) == 1

    other = IdempotencyRecord(fingerprint="g", image_ids=(image_id,))
    assert await stores.keys.claim("key", other) == other


async def test_a_sweep_leaves_what_still_arrives(stores: Stores) -> None:
    async with stores.images.stage(image_ids.new()) as upload:
        await upload.write(b"x" * 300_000)
        assert await stores.catalog.sweep(older_than=LONG_AGO) == 0


async def test_it_answers_and_knows_its_room(stores: Stores) -> None:
    assert await stores.images.ping()
    assert await stores.catalog.free_bytes() > 0


async def _status(stores: Stores, image_id: str) -> str:
    record = await stores.images.read(image_id)
    assert record is not None
    return record.status


async def _bytes(stores: Stores, image_id: str, filename: str) -> bytes:
    return await content_of(await _opened(stores, image_id, filename))


async def _opened(stores: Stores, image_id: str, filename: str) -> StoredFile | None:
    return await stores.images.open_file(image_id, filename, media_type="image/jpeg")


async def _marked(stores: Stores) -> tuple[list[str], list[str]]:
    everything = timedelta(seconds=-1)
    return (
        await stores.images.unpublished(older_than=everything, limit=99),
        await stores.images.unfinished(older_than=everything, limit=99),
    )
