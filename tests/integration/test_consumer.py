"""The consumer on a real broker: the handler's disposition decides, and no fault of the network doubles work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from common.broker import (
    Consumer,
    ConsumerChannel,
    Delivery,
    Disposition,
    Publisher,
    consumer,
    consumer_channel,
    open_connection,
    topology,
)
from common.model.image_ids import new
from common.model.messages import Job
from tests.integration.conftest import DECLARES
from tests.support.broker.proxy import Proxy
from tests.support.broker.vhost import Vhost, length
from tests.support.waiting import eventually


class Handler:
    """Records what it is handed, and how many at once; answers when it is let, with the dispositions in turn."""

    def __init__(self, *dispositions: Disposition) -> None:
        self.dispositions = list(dispositions)
        self.deliveries: list[Delivery] = []
        self.at_once = 0
        self.most_at_once = 0
        self.finished = 0
        self.open = asyncio.Event()

    async def __call__(self, delivery: Delivery) -> Disposition:
        self.deliveries.append(delivery)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.open.wait()
        self.at_once -= 1
        self.finished += 1
        return self.dispositions.pop(0) if self.dispositions else Disposition.ACK


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "_REQUEUE_DELAY_SECONDS", 0.05)


@asynccontextmanager
async def consuming(
    url: str, handler: Callable[[Delivery], Awaitable[Disposition]], *, prefetch: int = 1
) -> AsyncIterator[Consumer]:
    async with open_connection(url, "test-consume") as connection:
        channel = ConsumerChannel(connection, topology.JOBS, declared=DECLARES, prefetch=prefetch)
        made = Consumer(channel, handler)
        await made.start()
        yield made
        await made.stop()


async def wait_length(vhost: Vhost, queue: str, expected: int) -> None:
    async def reached() -> bool:
        return await length(vhost.url, queue) == expected

    await eventually(reached, f"{expected} messages in {queue}", within=10)


@pytest.mark.parametrize("disposition", Disposition)
async def test_the_disposition_decides_what_becomes_of_the_message(
    publisher: Publisher, vhost: Vhost, job: Job, disposition: Disposition
) -> None:
    deliveries, dead = {Disposition.ACK: (1, 0), Disposition.REJECT: (1, 1), Disposition.REQUEUE: (2, 0)}[
        disposition
    ]
    handler = Handler(disposition)
    handler.open.set()
    await publisher.publish_job(job)

    async with consuming(vhost.url, handler):
        await eventually(lambda: handler.finished == deliveries, f"{deliveries} deliveries")
        await wait_length(vhost, topology.DEAD, dead)

    # Whatever was not acknowledged would be back by now.
    await wait_length(vhost, topology.JOBS, 0)
    assert len(handler.deliveries) == deliveries


async def test_a_handler_that_raises_gives_the_message_back(
    publisher: Publisher, vhost: Vhost, job: Job
) -> None:
    outcomes: list[str] = []

    async def raises_once(_: Delivery) -> Disposition:
        outcomes.append("called")
        if len(outcomes) == 1:
            raise RuntimeError("a defect")
        return Disposition.ACK

    await publisher.publish_job(job)
    async with consuming(vhost.url, raises_once):
        await eventually(lambda: len(outcomes) == 2, "it comes again")
    await wait_length(vhost, topology.JOBS, 0)
    await wait_length(vhost, topology.DEAD, 0)


async def test_no_more_than_prefetch_are_handled_at_once(publisher: Publisher, vhost: Vhost) -> None:
    handler = Handler()
    for _ in range(5):
        await publisher.publish_job(Job(image_id=new()))

    async with consuming(vhost.url, handler, prefetch=2):
        await eventually(lambda: handler.at_once == 2, "two are in hand")
        await wait_length(vhost, topology.JOBS, 3)
        handler.open.set()
        await eventually(lambda: handler.finished == 5, "all are handled")

    assert handler.most_at_once == 2


async def test_a_cut_leaves_the_work_in_hand_alone_and_never_doubles_it(
    publisher: Publisher, proxy: Proxy, vhost: Vhost, job: Job
) -> None:
    handler = Handler()
    await publisher.publish_job(job)

    async with consuming(vhost.through(proxy.port), handler) as made:
        await eventually(lambda: handler.at_once == 1, "the job is in hand")
        proxy.cut()
        await eventually(made.is_consuming, "the link is back", within=10)
        await wait_length(vhost, topology.JOBS, 0)  # delivered again, to us
        assert (handler.at_once, len(handler.deliveries)) == (1, 1)

        handler.open.set()

        await eventually(lambda: handler.finished == 2, "the second delivery is handled after the first")
        assert handler.most_at_once == 1
    await wait_length(vhost, topology.JOBS, 0)


async def test_stop_takes_nothing_new_and_drain_waits_for_what_is_in_hand(
    publisher: Publisher, vhost: Vhost
) -> None:
    handler = Handler()
    for _ in range(3):
        await publisher.publish_job(Job(image_id=new()))

    async with consuming(vhost.url, handler) as made:
        await eventually(lambda: handler.at_once == 1, "one is in hand")
        await made.stop()
        draining = asyncio.create_task(made.drain(10))
        handler.open.set()

        assert await draining
        assert handler.finished == 1
        assert await made.drain(10), "there is nothing left to wait for"
    await wait_length(vhost, topology.JOBS, 2)


async def test_what_is_not_finished_in_time_goes_back_to_the_queue(
    publisher: Publisher, vhost: Vhost, job: Job
) -> None:
    handler = Handler()
    await publisher.publish_job(job)

    async with consuming(vhost.url, handler) as made:
        await eventually(lambda: handler.at_once == 1, "it is in hand")
        await made.stop()
        assert not await made.drain(0.05)

    await wait_length(vhost, topology.JOBS, 1)
    handler.open.set()
    assert await made.drain(10)


async def test_it_knows_whether_it_consumes(proxy: Proxy, vhost: Vhost) -> None:
    async with consuming(vhost.through(proxy.port), Handler()) as made:
        assert await made.is_consuming()
        proxy.refuse()

        async def deaf() -> bool:
            return not await made.is_consuming()

        await eventually(deaf, "the loss is noticed", within=10)
        proxy.accept()
        await eventually(made.is_consuming, "it consumes again by itself", within=10)


async def test_a_handler_that_always_raises_is_given_up(publisher: Publisher, vhost: Vhost, job: Job) -> None:
    """Of the dead-letter queue the broker itself would have no end of it."""
    calls = 0

    async def raises(_: Delivery) -> Disposition:
        nonlocal calls
        calls += 1
        raise RecursionError

    await publisher.publish_dead_letter(b"{}", retries=0)  # it comes back in a second
    async with open_connection(vhost.url, "test-consume") as connection:
        channel = ConsumerChannel(connection, topology.DEAD, declared=DECLARES)
        made = Consumer(channel, raises, max_requeues=6)
        await made.start()
        await eventually(lambda: calls == 7, "it was requeued six times")
        await made.stop()
        assert await made.drain(5)
    await wait_length(vhost, topology.DEAD, 0)


async def test_a_handler_that_is_cancelled_by_the_library_gives_the_message_back(
    publisher: Publisher, vhost: Vhost, job: Job
) -> None:
    calls = 0

    async def cancelled_once(_: Delivery) -> Disposition:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise asyncio.CancelledError
        return Disposition.ACK

    await publisher.publish_job(job)
    async with consuming(vhost.url, cancelled_once):
        await eventually(lambda: calls == 2, "it comes again")
    await wait_length(vhost, topology.JOBS, 0)


async def test_three_consumers_take_jobs_again_after_their_queue_was_deleted(
    publisher: Publisher, vhost: Vhost
) -> None:
    """On RabbitMQ 3.10 those whose channel stays with the queue of before hear nothing; the first hides the backlog."""
    handlers = [Handler() for _ in range(3)]
    async with AsyncExitStack() as stack:
        for handler in handlers:
            await stack.enter_async_context(consuming(vhost.url, handler))
        vhost.delete_queue(topology.JOBS)
        await publisher.publish_job(Job(image_id=new()))  # declares it again within a moment
        for _ in range(2):
            await publisher.publish_job(Job(image_id=new()))

        await eventually(lambda: all(each.at_once == 1 for each in handlers), "each has one", within=30)
        for handler in handlers:
            handler.open.set()
        await eventually(lambda: sum(each.finished for each in handlers) == 3, "all are handled")


async def test_a_silent_subscription_is_renewed_and_counts_as_one_meanwhile(
    publisher: Publisher, vhost: Vhost, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_channel, "_SILENT_SECONDS", 0.0)
    monkeypatch.setattr(consumer, "_CHECK_INTERVAL_SECONDS", 0.01)
    handler = Handler()
    handler.open.set()

    async with consuming(vhost.url, handler) as made:
        for _ in range(200):
            assert await made.is_consuming()
            await asyncio.sleep(0.005)
        await publisher.publish_job(job)
        await eventually(lambda: handler.finished == 1, "the job is handled")
    await wait_length(vhost, topology.JOBS, 0)


async def test_it_consumes_again_from_a_queue_that_was_deleted(
    publisher: Publisher, vhost: Vhost, job: Job
) -> None:
    handler = Handler()
    handler.open.set()

    async with consuming(vhost.url, handler) as made:
        vhost.delete_queue(topology.JOBS)

        async def noticed() -> bool:
            return await length(vhost.url, topology.JOBS) == -1

        await eventually(noticed, "the queue is gone", within=5)
        await asyncio.sleep(0.5)  # the broker tells its consumers after that; nothing here can be polled
        await publisher.publish_job(job)  # which declares it again

        await eventually(lambda: handler.finished == 1, "the job is handled", within=15)
        assert await made.is_consuming()


async def test_after_its_queue_was_deleted_and_declared_at_once_the_next_job_brings_all(
    publisher: Publisher, vhost: Vhost, job: Job
) -> None:
    handler = Handler()
    handler.open.set()

    async with consuming(vhost.url, handler):
        vhost.delete_queue(topology.JOBS)
        await publisher.publish_job(
            job
        )  # RabbitMQ 3.10 gives it to the channel that listens to the queue of before
        await publisher.publish_job(job)

        await eventually(lambda: handler.finished == 2, "both jobs are handled", within=15)
