"""The publisher on a real broker, with a network that fails in between."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from common.broker import Publisher, open_publisher, topology
from common.errors import BrokerUnavailableError, ConfigurationError, PublishNackedError
from common.model.image_ids import new
from common.model.messages import (
    Event,
    Job,
    decode_event,
    decode_job,
    deleted_event,
)
from tests.integration.conftest import DECLARES
from tests.support.broker.proxy import Proxy
from tests.support.broker.vhost import Vhost, length
from tests.support.ports import HOST, free_port
from tests.support.waiting import eventually


async def fails_at_once(publishing: Awaitable[None]) -> None:
    """Within a moment, however patient the publisher is told to be."""
    async with asyncio.timeout(1.0):
        with pytest.raises(BrokerUnavailableError):
            await publishing


async def test_a_job_is_on_the_queue_and_persistent_when_publish_returns(
    publisher: Publisher, vhost: Vhost, job: Job
) -> None:
    await publisher.publish_job(job)

    assert await length(vhost.url, topology.JOBS) == 1
    (message,) = vhost.take(topology.JOBS)
    assert decode_job(message["payload"].encode()) == job
    assert message["properties"]["delivery_mode"] == 2
    assert message["properties"]["content_type"] == "application/json"


async def test_many_at_once_all_arrive(publisher: Publisher, vhost: Vhost) -> None:
    jobs = [Job(image_id=new()) for _ in range(200)]

    await asyncio.gather(*(publisher.publish_job(job) for job in jobs))

    assert await length(vhost.url, topology.JOBS) == len(jobs)


async def test_an_event_that_nobody_listens_to_is_no_error(publisher: Publisher) -> None:
    await publisher.publish_event(deleted_event(new()))


async def test_an_event_reaches_everybody_who_listens(publisher: Publisher, vhost: Vhost) -> None:
    taps = [vhost.tap(topology.EVENTS) for _ in range(2)]
    event = deleted_event(new())

    await publisher.publish_event(event)

    for tap in taps:
        (message,) = vhost.take(tap)
        received: Event = decode_event(message["payload"].encode())
        assert received == event


async def test_a_job_finds_its_queue_again_when_somebody_deleted_it(
    publisher: Publisher, vhost: Vhost, job: Job
) -> None:
    vhost.delete_queue(topology.JOBS)

    await publisher.publish_job(job)

    assert await length(vhost.url, topology.JOBS) == 1


async def test_a_full_queue_refuses(publisher: Publisher, vhost: Vhost) -> None:
    limit = {"pattern": "^image_processing$", "definition": {"max-length": 1}, "apply-to": "queues"}
    vhost.management.call("PUT", "policies", vhost.name, "full", body=limit)

    async def refused() -> bool:
        try:
            await publisher.publish_job(Job(image_id=new()))
        except BrokerUnavailableError as error:
            return isinstance(error, PublishNackedError)
        return False

    await eventually(refused, "a publish is refused")


async def test_an_event_that_a_full_queue_of_a_stranger_refuses_is_told_apart(
    publisher: Publisher, vhost: Vhost
) -> None:
    full = {"x-max-length": 1, "x-overflow": "reject-publish"}
    vhost.management.call("PUT", "queues", vhost.name, "full", body={"durable": True, "arguments": full})
    vhost.management.call("POST", "bindings", vhost.name, "e", topology.EVENTS, "q", "full", body={})
    tap = vhost.tap(topology.EVENTS)
    await publisher.publish_event(deleted_event(new()))

    with pytest.raises(PublishNackedError, match="a queue is full"):
        await publisher.publish_event(deleted_event(new()))

    await publisher.publish_job(Job(image_id=new()))  # the channel goes on
    assert len(vhost.take(tap)) == 2, "the others have it"


async def test_before_the_first_connection_publishing_fails_at_once(job: Job) -> None:
    nowhere = f"amqp://guest:guest@{HOST}:{free_port()}/"
    async with open_publisher(nowhere, "test", declared=DECLARES, timeout=30.0) as publisher:
        assert not publisher.connected
        await fails_at_once(publisher.publish_job(job))


async def test_while_the_broker_is_away_publishing_fails_at_once_and_works_when_it_is_back(
    proxy: Proxy, vhost: Vhost, job: Job
) -> None:
    url = vhost.through(proxy.port)
    async with open_publisher(url, "test", declared=DECLARES, timeout=30.0) as publisher:
        await publisher.wait_open()
        proxy.refuse()
        await eventually(lambda: not publisher.connected, "the loss is noticed")

        await fails_at_once(publisher.publish_job(job))

        proxy.accept()
        await eventually(lambda: publisher.connected, "it is back", within=10)
        await publisher.publish_job(job)
    assert await length(vhost.url, topology.JOBS) == 1


async def test_without_a_confirm_a_publish_gives_up_and_the_next_do_not_wait(
    proxied: Publisher, proxy: Proxy, vhost: Vhost, job: Job
) -> None:
    proxy.stall("to_client")
    with pytest.raises(BrokerUnavailableError, match="not confirmed within"):
        await proxied.publish_job(job)

    proxy.resume()
    with pytest.raises(BrokerUnavailableError, match="unconfirmed"):
        await proxied.publish_job(job)

    await proxied.publish_job(job, bypass_breaker=True)
    await proxied.publish_job(job)
    assert await length(vhost.url, topology.JOBS) == 3, "what was not confirmed has arrived as well"


async def test_a_cut_between_publish_and_confirm_is_an_error_and_the_job_may_have_arrived(
    proxied: Publisher, proxy: Proxy, vhost: Vhost, job: Job
) -> None:
    proxy.stall("to_client")
    publishing = asyncio.create_task(proxied.publish_job(job))

    async def arrived() -> bool:
        return await length(vhost.url, topology.JOBS) == 1

    await eventually(arrived, "the broker has it", within=5)
    proxy.cut()

    with pytest.raises(BrokerUnavailableError):
        await publishing


async def test_a_cancelled_publish_is_cancelled_and_the_publisher_goes_on(
    proxied: Publisher, proxy: Proxy, job: Job
) -> None:
    proxy.stall("to_client")
    publishing = asyncio.create_task(proxied.publish_job(job))
    await asyncio.sleep(0)
    publishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing

    proxy.resume()
    await proxied.publish_job(job)


async def test_a_topology_that_is_not_ours_is_a_configuration_error(vhost: Vhost) -> None:
    vhost.management.call("PUT", "queues", vhost.name, topology.JOBS, body={"durable": True, "arguments": {}})

    async with open_publisher(vhost.url, "test", declared=DECLARES, timeout=1.0) as publisher:
        async with asyncio.timeout(10):
            with pytest.raises(ConfigurationError, match="topology is not ours"):
                await publisher.wait_open()
        assert not publisher.connected


async def test_a_job_that_finds_no_queue_again_is_the_broker_s_fault(vhost: Vhost, job: Job) -> None:
    nothing = topology.Topology(exchanges=(topology.Exchange(topology.EVENTS),), queues=())
    async with open_publisher(vhost.url, "test", declared=nothing, timeout=1.0) as publisher:
        await publisher.wait_open()

        with pytest.raises(BrokerUnavailableError):
            await publisher.publish_job(job)


@pytest.mark.parametrize(
    "error", [ConnectionResetError(), asyncio.CancelledError(), ValueError("unheard of")]
)
async def test_a_channel_that_is_lost_while_it_is_opened_is_opened_anew(
    vhost: Vhost, job: Job, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    declare, tries = topology.declare, 0

    async def failing(*arguments: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise error
        return await declare(*arguments)

    monkeypatch.setattr(topology, "declare", failing)
    async with open_publisher(
        vhost.url, "test", declared=DECLARES, timeout=1.0, monitored=False
    ) as publisher:
        async with asyncio.timeout(20):
            await publisher.wait_open()
        await publisher.publish_job(job)
        assert (await publisher.count_queued_jobs())[topology.JOBS] == 1

    assert tries == 2
