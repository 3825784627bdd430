"""What any replica does for the store: sweeps, expires, and finds jobs that were lost."""

from datetime import UTC, datetime, timedelta

import pytest

from common.model import image_ids
from services.api.background.maintenance import Maintenance
from tests.support.http.api import Api, damage
from tests.support.store.stored_images import completed, uploaded


def upkeep(
    api: Api, *, retention: timedelta | None = None, missing_after: timedelta = timedelta(0)
) -> Maintenance:
    return Maintenance(
        api.dependencies.stores,
        api.publisher,
        interval_seconds=0.01,
        staged_for=timedelta(0),
        keys_for=timedelta(0),
        retention=retention,
        missing_after=missing_after,
    )


async def lost(api: Api) -> str:
    """An image that was published, and of whose job nothing is known."""
    image_id = await uploaded(api.store)
    await api.store.mark_published([image_id])
    return image_id


async def test_what_uploads_left_is_swept(api: Api) -> None:
    api.memory.incoming["left"] = 0.0

    await upkeep(api)._sweep()

    assert not api.memory.incoming


async def test_images_are_kept_for_ever_or_for_their_time(api: Api) -> None:
    old = image_ids.lowest_at(datetime.now(UTC) - timedelta(days=2))
    await uploaded(api.store, image_id=old)
    young = await uploaded(api.store)

    await upkeep(api)._expire()
    assert len(api.memory.images) == 2
    await upkeep(api, retention=timedelta(days=1))._expire()

    assert list(api.memory.images) == [young]
    assert [(event.type, event.subject) for event in api.publisher.events] == [("image.deleted", old)]


async def test_a_lost_job_is_published_again(api: Api) -> None:
    image_id = await lost(api)

    await upkeep(api, missing_after=timedelta(hours=1))._requeue_lost_jobs()
    assert not api.publisher.jobs
    await upkeep(api)._requeue_lost_jobs()

    assert [job.image_id for job in api.publisher.jobs] == [image_id]


async def test_a_job_that_may_still_be_queued_is_not_published_twice(api: Api) -> None:
    await lost(api)
    api.publisher.waiting = 1

    await upkeep(api)._requeue_lost_jobs()

    assert not api.publisher.jobs


@pytest.mark.parametrize("gone", [False, True])
async def test_a_note_about_what_is_finished_or_gone_is_removed(api: Api, gone: bool) -> None:
    image_id = await lost(api)
    if gone:
        del api.memory.images[image_id]
    else:
        result, files = completed(image_id)
        await api.store.record_result(result, files)
        api.memory.unfinished[image_id] = 0.0

    await upkeep(api)._requeue_lost_jobs()

    assert not api.memory.unfinished
    assert not api.publisher.jobs


async def test_a_record_that_cannot_be_read_keeps_no_other_from_being_found(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged, missing = await lost(api), await lost(api)
    damage(monkeypatch, api.store, damaged)
    await upkeep(api)._requeue_lost_jobs()

    assert [job.image_id for job in api.publisher.jobs] == [missing]


async def test_notes_of_what_is_finished_are_removed_however_busy_the_queue_is(api: Api) -> None:
    image_id = await lost(api)
    await api.store.record_result(*completed(image_id))
    api.memory.unfinished[image_id] = 0.0
    api.publisher.waiting = 1

    await upkeep(api)._requeue_lost_jobs()

    assert not api.memory.unfinished
