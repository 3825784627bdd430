"""From the store to the queue: now, or later, and never forgotten."""

from datetime import timedelta

import pytest

from common.errors import BrokerUnavailableError, StoreUnavailableError
from services.api.background.outbox import Outbox
from tests.support.http.api import Api
from tests.support.store.stored_images import uploaded


@pytest.fixture
def outbox(api: Api) -> Outbox:
    return Outbox(api.dependencies.stores, api.publisher, grace_period=timedelta(0))


async def test_what_is_confirmed_is_turned_over(api: Api, outbox: Outbox) -> None:
    image_id = await uploaded(api.store)

    assert await outbox.publish(image_id)
    await outbox._mark_published()

    assert not api.memory.unpublished
    assert list(api.memory.unfinished) == [image_id]


async def test_what_is_not_confirmed_waits_and_is_relayed_once_the_broker_is_back(
    api: Api, outbox: Outbox
) -> None:
    image_id = await uploaded(api.store)
    api.publisher.break_down()

    assert not await outbox.publish(image_id)
    with pytest.raises(BrokerUnavailableError):
        await outbox._relay()
    assert list(api.memory.unpublished) == [image_id]
    api.publisher.recover()
    await outbox._relay()

    assert [job.image_id for job in api.publisher.jobs] == [image_id]
    assert not api.memory.unpublished


async def test_nothing_is_relayed_while_the_link_is_down(api: Api, outbox: Outbox) -> None:
    await uploaded(api.store)
    api.publisher.link_stands = False

    await outbox._relay()

    assert not api.publisher.probes


async def test_a_note_is_left_alone_for_as_long_as_its_request_may_take(api: Api) -> None:
    await uploaded(api.store)

    await Outbox(api.dependencies.stores, api.publisher, grace_period=timedelta(hours=1))._relay()

    assert not api.publisher.jobs


async def test_a_withdrawal_that_the_store_refuses_is_tried_again_and_never_relayed(
    api: Api, outbox: Outbox
) -> None:
    image_id = await uploaded(api.store)
    api.memory.fault = StoreUnavailableError("an input/output error")
    await outbox.withdraw([image_id])
    api.memory.fault = None

    await outbox._relay()
    assert not api.publisher.jobs
    await outbox._delete_withdrawn()

    assert not api.memory.images
    assert not api.memory.unpublished
