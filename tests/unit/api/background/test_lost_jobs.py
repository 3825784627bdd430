"""Jobs that the broker has lost are published again at once, and those that it may have are not."""

from datetime import timedelta

import pytest

from common.model.records import Attempt, now
from services.api.background.lost_jobs import LostJobFinder
from services.api.background.outbox import Outbox
from tests.support.http.api import Api, damage
from tests.support.store.stored_images import completed, uploaded

IN_HAND_FOR = timedelta(minutes=2)
LONGEST_DELAY = timedelta(minutes=10)


@pytest.fixture
def finder(api: Api) -> LostJobFinder:
    outbox = Outbox(api.dependencies.stores, api.publisher, grace_period=timedelta(0))
    return LostJobFinder(
        api.dependencies.stores,
        api.publisher,
        outbox,
        in_hand_for=IN_HAND_FOR,
        longest_delay=LONGEST_DELAY,
    )


async def published(api: Api, *, seconds_ago: float = 30.0) -> str:
    """An image whose job the broker confirmed a while ago, and of which nothing was heard since."""
    image_id = await uploaded(api.store)
    await api.store.mark_published([image_id])
    api.memory.unfinished[image_id] -= seconds_ago
    return image_id


def taken_up(api: Api, image_id: str, *, ago: timedelta) -> None:
    api.memory.images[image_id].attempt = Attempt(attempt=1, worker="worker", started_at=now() - ago)


async def test_what_an_empty_queue_has_lost_is_published_again_at_once_and_once(
    api: Api, finder: LostJobFinder
) -> None:
    lost = [await published(api) for _ in range(3)]

    assert await finder.requeue() == 3
    assert await finder.requeue() == 0

    assert [job.image_id for job in api.publisher.jobs] == lost
    assert sorted(api.memory.unpublished | api.memory.unfinished) == lost


async def test_what_the_queue_may_hold_is_left_to_it(api: Api, finder: LostJobFinder) -> None:
    lost = [await published(api) for _ in range(2)]
    for _ in range(3):
        await published(api)
    api.publisher.waiting = 3

    await finder.requeue()

    assert [job.image_id for job in api.publisher.jobs] == lost, "the oldest cannot be behind the youngest"


async def test_a_queue_that_holds_as_much_as_the_store_knows_of_has_lost_nothing(
    api: Api, finder: LostJobFinder
) -> None:
    await published(api)
    api.publisher.waiting = 1

    assert await finder.requeue() == 0


async def test_what_was_published_just_now_is_not_missed(api: Api, finder: LostJobFinder) -> None:
    await published(api, seconds_ago=0)

    assert await finder.requeue() == 0


async def test_what_a_worker_has_in_hand_is_left_to_it_until_it_cannot_be_any_more(
    api: Api, finder: LostJobFinder
) -> None:
    at_work, abandoned, by_a_later_clock = [await published(api) for _ in range(3)]
    taken_up(api, at_work, ago=timedelta(seconds=5))
    taken_up(api, abandoned, ago=IN_HAND_FOR)
    taken_up(api, by_a_later_clock, ago=-timedelta(hours=1))

    await finder.requeue()

    assert [job.image_id for job in api.publisher.jobs] == [abandoned, by_a_later_clock]


@pytest.mark.parametrize("gone", [False, True])
async def test_the_mark_of_what_is_finished_or_gone_is_removed(
    api: Api, finder: LostJobFinder, gone: bool
) -> None:
    image_id = await published(api)
    if gone:
        del api.memory.images[image_id]
    else:
        await api.store.record_result(*completed(image_id))
        api.memory.unfinished[image_id] = 0.0

    await finder.requeue()

    assert not api.memory.unfinished
    assert not api.publisher.jobs


async def test_a_record_that_cannot_be_read_keeps_no_other_from_being_found(
    api: Api, finder: LostJobFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged, missing = await published(api), await published(api)
    damage(monkeypatch, api.store, damaged)

    await finder.requeue()

    # The damaged one as well: the worker that gets it records that it failed.
    assert [job.image_id for job in api.publisher.jobs] == [damaged, missing]


async def test_of_two_replicas_at_once_one_publishes(api: Api, finder: LostJobFinder) -> None:
    image_id = await published(api)
    assert await api.store.claim_lost([image_id], older_than=timedelta(0)) == [image_id]

    assert await finder.requeue() == 0
    assert not api.publisher.jobs


async def test_what_was_tried_before_may_wait_for_its_next_try(api: Api, finder: LostJobFinder) -> None:
    waiting, at_work, lost = [await published(api) for _ in range(3)]
    taken_up(api, waiting, ago=IN_HAND_FOR * 4)
    taken_up(api, at_work, ago=timedelta(seconds=5))
    api.publisher.retrying = 1

    assert await finder.requeue() == 1

    api.publisher.retrying = 0
    assert await finder.requeue() == 1
    assert [job.image_id for job in api.publisher.jobs] == [lost, waiting]


@pytest.mark.parametrize("ago", [timedelta(seconds=5), IN_HAND_FOR * 2])
async def test_what_is_lost_behind_many_that_wait_for_their_next_try_is_found(
    api: Api, finder: LostJobFinder, ago: timedelta
) -> None:
    waiting = [await published(api) for _ in range(20)]
    for image_id in waiting:
        taken_up(api, image_id, ago=ago)
    lost = [await published(api) for _ in range(5)]
    api.publisher.retrying = 20

    assert await finder.requeue() == 5
    assert [job.image_id for job in api.publisher.jobs] == lost


async def test_what_workers_have_is_not_missed_among_the_young_ones_of_the_queue(
    api: Api, finder: LostJobFinder
) -> None:
    for ago in (IN_HAND_FOR * 2, timedelta(seconds=5), timedelta(seconds=5)):
        taken_up(api, await published(api), ago=ago)
    for _ in range(4):
        await published(api)
    api.publisher.retrying, api.publisher.waiting = 1, 4

    assert await finder.requeue() == 0


async def test_one_that_waits_for_its_next_try_excuses_no_other(api: Api, finder: LostJobFinder) -> None:
    tried = [await published(api) for _ in range(2)]
    for image_id in tried:
        taken_up(api, image_id, ago=IN_HAND_FOR * 2)
    long_ago = await published(api)
    taken_up(api, long_ago, ago=IN_HAND_FOR + LONGEST_DELAY)
    api.publisher.retrying = 1

    assert await finder.requeue() == 2
    assert [job.image_id for job in api.publisher.jobs] == [tried[1], long_ago]
