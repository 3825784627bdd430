"""Events that the broker did not take are sent again, and cost little while it does not."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest

from common.errors import BrokerUnavailableError
from common.model import image_ids
from common.model.messages import Event
from common.model.records import now
from common.store import PendingEvent
from services.api.background.event_relay import EventRelay
from tests.support.fakes import RecordingPublisher
from tests.support.http.api import Api, damage
from tests.support.store.memory import memory_stores
from tests.support.store.stored_images import completed, failed, uploaded


@pytest.fixture
def relay(api: Api) -> EventRelay:
    return EventRelay(api.dependencies.stores, api.publisher, grace_period=timedelta(0))


async def unannounced(api: Api) -> str:
    """A completed image whose event waits."""
    image_id = await uploaded(api.store)
    result = await api.store.record_result(*completed(image_id))
    await api.dependencies.stores.events.add(
        PendingEvent(
            image_id=image_id, type="image.completed", attempt=result.attempt, occurred_at=result.finished_at
        )
    )
    return image_id


async def test_what_waits_is_sent_with_the_id_of_the_first_and_forgotten(api: Api, relay: EventRelay) -> None:
    waiting = [await unannounced(api) for _ in range(40)]

    await relay.relay()

    assert sorted(event.id for event in api.publisher.events) == [
        f"{image_id}/image.completed/1" for image_id in waiting
    ]
    assert not api.memory.events


async def test_while_the_broker_refuses_one_event_is_tried_and_none_is_lost(
    api: Api, relay: EventRelay
) -> None:
    for _ in range(40):
        await unannounced(api)
    api.publisher.break_down("event")
    tried = 0

    async def counted(event: Event) -> None:
        nonlocal tried
        tried += 1
        raise BrokerUnavailableError("its queue is full")

    api.publisher.publish_event = counted  # type: ignore[method-assign]
    with pytest.raises(BrokerUnavailableError):
        await relay.relay()

    assert tried == 1
    assert len(api.memory.events) == 40


async def test_it_tries_ever_more_rarely_while_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    stores, publisher = memory_stores(), RecordingPublisher()
    await stores.events.add(PendingEvent(image_id=image_ids.new(), type="image.deleted", occurred_at=now()))
    publisher.break_down("event")
    waits: list[float] = []
    real_sleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if seconds > 0:  # the store in memory sleeps for none
            waits.append(seconds)
        if len(waits) == 9:
            publisher.recover()
        if len(waits) == 11:
            raise asyncio.CancelledError
        await real_sleep(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await EventRelay(stores, publisher, grace_period=timedelta(0)).run()

    assert all(later > 1.4 * earlier for earlier, later in pairwise(waits[:6]))
    assert max(waits) <= 60
    assert waits[-1] <= 1, "as soon as one was taken it is as quick as before"
    assert [event.type for event in publisher.events] == ["image.deleted"]


async def test_a_failure_is_announced_though_the_image_was_opened_again(api: Api, relay: EventRelay) -> None:
    image_id = await uploaded(api.store)
    result = await api.store.record_result(failed(image_id), {})
    pending = PendingEvent(image_id=image_id, type="image.failed", attempt=1, occurred_at=result.finished_at)
    await api.dependencies.stores.events.add(pending)
    await api.dependencies.stores.catalog.reopen(image_id)

    await relay.relay()

    assert [event.id for event in api.publisher.events] == [f"{image_id}/image.failed/1"]


async def test_of_a_deleted_image_its_deletion_is_what_is_left_to_say(api: Api, relay: EventRelay) -> None:
    image_id = await unannounced(api)
    api.publisher.break_down("event")
    assert (await api.http.delete(f"/images/{image_id}")).status_code == 204
    api.publisher.recover()

    await relay.relay()

    assert [event.id for event in api.publisher.events] == [f"{image_id}/image.deleted"]
    assert not api.memory.events


async def test_a_deletion_that_takes_its_time_is_announced_when_it_has_happened(
    api: Api, relay: EventRelay
) -> None:
    image_id = await uploaded(api.store)
    await api.dependencies.stores.events.add(
        PendingEvent(image_id=image_id, type="image.deleted", occurred_at=now())
    )

    await relay.relay()
    assert not api.publisher.events
    await api.dependencies.stores.catalog.delete(image_id)
    await relay.relay()

    assert [event.id for event in api.publisher.events] == [f"{image_id}/image.deleted"]
    assert not api.memory.events


async def test_a_deletion_that_stood_still_beyond_all_measure_is_announced_though_the_broker_is_down(
    api: Api, relay: EventRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = await uploaded(api.store)
    events, delete = api.dependencies.stores.events, api.dependencies.stores.catalog.delete

    async def late(asked: str) -> bool:
        await events.remove(
            await events.waiting(older_than=timedelta(0), limit=9)
        )  # by a relay, an hour later
        api.publisher.break_down("event")
        return await delete(asked)

    monkeypatch.setattr(api.dependencies.stores.catalog, "delete", late)
    assert (await api.http.delete(f"/images/{image_id}")).status_code == 204
    api.publisher.recover()
    await relay.relay()

    assert [event.id for event in api.publisher.events] == [f"{image_id}/image.deleted"]


async def test_a_deletion_that_did_not_happen_is_not_announced(api: Api, relay: EventRelay) -> None:
    image_id = await uploaded(api.store)
    await api.dependencies.stores.events.add(
        PendingEvent(image_id=image_id, type="image.deleted", occurred_at=now() - timedelta(hours=1))
    )

    await relay.relay()

    assert not api.publisher.events
    assert not api.memory.events


async def test_a_deletion_is_announced_though_its_process_died_right_after_it(
    api: Api, relay: EventRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = await uploaded(api.store)
    delete = api.dependencies.stores.catalog.delete

    async def dying(asked: str) -> bool:
        await delete(asked)
        raise asyncio.CancelledError

    monkeypatch.setattr(api.dependencies.stores.catalog, "delete", dying)
    with pytest.raises(asyncio.CancelledError):
        await api.http.delete(f"/images/{image_id}")
    await relay.relay()

    assert [event.id for event in api.publisher.events] == [f"{image_id}/image.deleted"]


async def test_a_record_that_cannot_be_read_keeps_no_other_event_waiting(
    api: Api, relay: EventRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = await uploaded(api.store, image_id=image_ids.new())
    await api.dependencies.stores.events.add(
        PendingEvent(image_id=damaged, type="image.deleted", occurred_at=now())
    )
    damage(monkeypatch, api.store, damaged)
    good = await unannounced(api)

    await relay.relay()

    assert [event.subject for event in api.publisher.events] == [good]


async def test_nothing_is_sent_while_the_connection_is_down(api: Api, relay: EventRelay) -> None:
    await unannounced(api)
    api.publisher.link_stands = False

    await relay.relay()

    assert not api.publisher.events
    assert len(api.memory.events) == 1
