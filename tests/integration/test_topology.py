"""The topology on a real broker: declared by everybody at once, and doing what the design says."""

import asyncio

import aio_pika
import pytest

from common.broker import Publisher, open_connection, topology
from common.errors import TopologyConflictError
from common.model.image_ids import new
from common.model.messages import Job, decode_job
from tests.support.broker.vhost import Vhost, length
from tests.support.waiting import eventually


async def declare(url: str, declared: topology.Topology) -> None:
    async with open_connection(url, "declare") as connection:
        await topology.declare(connection, declared)


@pytest.mark.parametrize(
    "declared", [topology.jobs((1, 5)), topology.notifications()], ids=["jobs", "notifications"]
)
async def test_declaring_twice_and_at_once_changes_nothing(vhost: Vhost, declared: topology.Topology) -> None:
    await declare(vhost.url, declared)

    await asyncio.gather(*(declare(vhost.url, declared) for _ in range(3)))

    assert vhost.queues() == {queue.name for queue in declared.queues}


async def test_an_exclusive_queue_of_another_connection_is_a_conflict(vhost: Vhost) -> None:
    """Not a broker that fails for a moment: only its owner can remove it."""
    async with await aio_pika.connect(vhost.url) as other, open_connection(vhost.url, "declare") as ours:
        channel = await other.channel()
        await channel.declare_queue(topology.JOBS, exclusive=True)

        with pytest.raises(TopologyConflictError):
            await topology.find_missing(ours, topology.Topology((), (topology.Queue(topology.JOBS),)))


async def test_the_queues_are_those_of_the_design(vhost: Vhost) -> None:
    await declare(vhost.url, topology.jobs((1, 5)))
    await declare(vhost.url, topology.notifications())

    assert vhost.queues() == {
        "image_processing",
        "image_processing.dead",
        *(f"image_processing.dead.retry.{delay}s" for delay in topology.RETRY_DELAYS),
        "image_processing.retry.1s",
        "image_processing.retry.5s",
        "processed_images.notifications",
    }
    for queue in vhost.management.call("GET", "queues", vhost.name):
        assert queue["durable"]
        assert queue["arguments"]["x-queue-type"] == "quorum"
    exchange = vhost.management.call("GET", "exchanges", vhost.name, "processed_images")
    assert (exchange["type"], exchange["durable"]) == ("fanout", True)


async def test_a_job_in_a_retry_queue_goes_back_to_the_workers_when_its_wait_is_over(
    publisher: Publisher, vhost: Vhost
) -> None:
    job = Job(image_id=new(), attempt=2)

    await publisher.publish_retry(job, delay_seconds=2, wait_seconds=0.5)

    assert await length(vhost.url, topology.retry_queue(topology.JOBS, 2)) == 1
    assert await length(vhost.url, topology.JOBS) == 0

    async def returned() -> bool:
        return await length(vhost.url, topology.JOBS) == 1

    await eventually(returned, "the job is back", within=10)
    assert await length(vhost.url, topology.retry_queue(topology.JOBS, 2)) == 0
    (message,) = vhost.take(topology.JOBS)
    assert decode_job(message["payload"].encode()) == job


async def test_the_queue_s_own_wait_ends_the_one_that_a_message_asks_for(
    publisher: Publisher, vhost: Vhost
) -> None:
    await publisher.publish_retry(Job(image_id=new()), delay_seconds=1, wait_seconds=3600)

    async def returned() -> bool:
        return await length(vhost.url, topology.JOBS) == 1

    await eventually(returned, "the job is back", within=10)


async def test_a_job_whose_consumers_die_ends_in_the_dead_queue(publisher: Publisher, vhost: Vhost) -> None:
    job = Job(image_id=new())
    await publisher.publish_job(job)

    for delivery in range(topology.MAX_DELIVERIES):
        await eventually(lambda: take_and_die(vhost.url), f"delivery {delivery + 1}")

    async def dead() -> bool:
        return await length(vhost.url, topology.DEAD) == 1

    await eventually(dead, "the job is a dead letter")
    assert await length(vhost.url, topology.JOBS) == 0
    (message,) = vhost.take(topology.DEAD)
    assert decode_job(message["payload"].encode()) == job


async def take_and_die(url: str) -> bool:
    """Take a delivery and lose the connection with it in hand; whether there was one."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(topology.JOBS, passive=True)
        return await queue.get(fail=False, timeout=5) is not None
