"""The consumer on a real broker: the handler's verdict decides, and no fault of the network makes work be done twice
at once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from common.broker import Consumer, Delivery, Disposition, Publisher, consumer, open_connection, topology
from common.model.image_ids import new
from common.model.messages import Job
from tests.integration.conftest import DECLARES
from tests.support.broker.proxy import Proxy
from tests.support.broker.vhost import Vhost, length
from tests.support.waiting import eventually


class Handler:
    """Records what it is handed, and how many at once; answers when it is let, with the verdicts in turn."""

    def __init__(self, *verdicts: Disposition) -> None:
        self.verdicts = list(verdicts)
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
        return self.verdicts.pop(0) if self.verdicts else Disposition.ACK


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "_PAUSE_BEFORE_REQUEUE", 0.05)


@asynccontextmanager
async def consuming(
    url: str, handler: Callable[[Delivery], Awaitable[Disposition]], *, prefetch: int = 1
) -> AsyncIterator[Consumer]:
    async with open_connection(url, "test-consume") as connection:
        made = Consumer(connection, topology.JOBS, handler, declares=DECLARES, prefetch=prefetch)
        await made.start()
        yield made
        await made.stop()


async def wait_length(vhost: Vhost, queue: str, expected: int) -> None:
    async def reached() -> bool:
        return await length(vhost.url, queue) == expected

    await eventually(reached, f"{expected} messages in {queue}", within=10)


@pytest.mark.parametrize("verdict", Disposition)
async def test_the_verdict_decides_what_becomes_of_the_message(
    publisher: Publisher, vhost: Vhost, job: Job, verdict: Disposition
) -> None:
    deliveries, dead = {Disposition.ACK: (1, 0), Disposition.REJECT: (1, 1), Disposition.REQUEUE: (2, 0)}[
        verdict
    ]
    handler = Handler(verdict)
    handler.open.set()
    await publisher.publish_job(job)

    async with consuming(vhost.url, handler):
        await eventually(lambda: handler.finished == deliveries, f"{deliveries} deliveries")
        await wait_length(vhost, topology.DEAD, dead)

    # Whatever was not acknowledged would be back by now.
    await wait_length(vhost, topology.JOBS, 0)
    assert [delivery.redelivered for delivery in handler.deliveries] == [False, True][:deliveries]


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
        await eventually(made.consuming, "the link is back", within=10)
        await wait_length(vhost, topology.JOBS, 0)  # delivered again, to us
        assert (handler.at_once, len(handler.deliveries)) == (1, 1)

        handler.open.set()

        await eventually(lambda: handler.finished == 2, "the second delivery is handled after the first")
        assert handler.most_at_once == 1
        assert [delivery.redelivered for delivery in handler.deliveries] == [False, True]
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
        assert await made.consuming()
        proxy.refuse()

        async def deaf() -> bool:
            return not await made.consuming()

        await eventually(deaf, "the loss is noticed", within=10)
        proxy.accept()
        await eventually(made.consuming, "it consumes again by itself", within=10)


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
        assert await made.consuming()


async def test_after_its_queue_was_deleted_and_declared_at_once_the_next_job_brings_all(
    publisher: Publisher, vhost: Vhost, job: Job
) -> None:
    handler = Handler()
    handler.open.set()

    async with consuming(vhost.url, handler) as made:
        keeping = asyncio.create_task(made.keep())
        vhost.delete_queue(topology.JOBS)
        await publisher.publish_job(
            job
        )  # RabbitMQ 3.10 gives it to the channel that listens to the queue of before
        await publisher.publish_job(job)

        await eventually(lambda: handler.finished == 2, "both jobs are handled", within=15)
        keeping.cancel()
