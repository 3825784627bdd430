"""A broker that is killed, frozen and put under alarm: what was confirmed is kept, and everybody recovers alone."""

import asyncio

import pytest

from common.broker import (
    Consumer,
    ConsumerChannel,
    Delivery,
    Disposition,
    Publisher,
    open_connection,
    open_publisher,
    topology,
)
from common.errors import BrokerUnavailableError
from common.model.image_ids import new
from common.model.messages import Job, decode_job
from tests.integration.conftest import DECLARES
from tests.support.broker.node import BrokerNode
from tests.support.broker.vhost import Vhost, length
from tests.support.waiting import eventually


@pytest.fixture
def hurt_vhost(hurt_broker: BrokerNode) -> Vhost:
    return hurt_broker.vhost()


async def test_confirmed_jobs_survive_a_kill_and_links_recover_by_themselves(
    hurt_broker: BrokerNode, hurt_vhost: Vhost
) -> None:
    jobs = [Job(image_id=new()) for _ in range(100)]
    seen: set[str] = set()

    async def collect(delivery: Delivery) -> Disposition:
        seen.add(decode_job(delivery.body).image_id)
        return Disposition.ACK

    async with (
        open_publisher(hurt_vhost.url, "test", declared=DECLARES, timeout=5.0) as publisher,
        open_connection(hurt_vhost.url, "test-consume") as connection,
    ):
        await publisher.wait_open()
        await asyncio.gather(*(publisher.publish_job(job) for job in jobs))
        hurt_broker.kill()
        await eventually(lambda: not publisher.connected, "the loss is noticed")
        hurt_broker.begin_start()
        await asyncio.to_thread(hurt_broker.wait_ready)

        await eventually(lambda: publisher.connected, "the publisher is back", within=15)
        await publisher.publish_job(jobs[0], bypass_breaker=True)
        await eventually(connection.connected.is_set, "the consumer's link is back", within=15)
        await Consumer(
            ConsumerChannel(connection, topology.JOBS, declared=DECLARES, prefetch=10), collect
        ).start()
        await eventually(lambda: len(seen) == len(jobs), "every confirmed job is there")


async def test_under_a_memory_alarm_publishing_gives_up_and_acknowledging_goes_on(
    hurt_broker: BrokerNode, hurt_vhost: Vhost
) -> None:
    done: list[Delivery] = []

    async def handle(delivery: Delivery) -> Disposition:
        done.append(delivery)
        return Disposition.ACK

    async with (
        open_publisher(hurt_vhost.url, "test", declared=DECLARES, timeout=0.5) as publisher,
        open_connection(hurt_vhost.url, "test-consume") as connection,
    ):
        await publisher.wait_open()
        for _ in range(3):
            await publisher.publish_job(Job(image_id=new()))
        await asyncio.to_thread(hurt_broker.memory_alarm, True)
        try:
            with pytest.raises(BrokerUnavailableError):
                await publisher.publish_job(Job(image_id=new()))
            consumer = Consumer(ConsumerChannel(connection, topology.JOBS, declared=DECLARES), handle)
            await consumer.start()
            await eventually(lambda: len(done) >= 3, "jobs are handled under the alarm")
        finally:
            await asyncio.to_thread(hurt_broker.memory_alarm, False)

        async def published(publisher: Publisher) -> bool:
            try:
                await publisher.publish_job(Job(image_id=new()), bypass_breaker=True)
            except BrokerUnavailableError:
                return False
            return True

        await eventually(lambda: published(publisher), "publishing works again", within=15)

        async def empty() -> bool:
            return await length(hurt_vhost.url, topology.JOBS) == 0

        await eventually(empty, "the queue is empty")
        assert await consumer.drain(5)


async def test_a_frozen_broker_holds_nobody_longer_than_told(
    hurt_broker: BrokerNode, hurt_vhost: Vhost
) -> None:
    async with open_publisher(hurt_vhost.url, "test", declared=DECLARES, timeout=0.5) as publisher:
        await publisher.wait_open()
        hurt_broker.freeze()
        try:
            async with asyncio.timeout(5):
                for _ in range(3):
                    with pytest.raises(BrokerUnavailableError):
                        await publisher.publish_job(Job(image_id=new()), bypass_breaker=True)
        finally:
            hurt_broker.thaw()

        async def arrived() -> bool:
            return await length(hurt_vhost.url, topology.JOBS) == 3

        await eventually(arrived, "what was given up arrives all the same")
