"""Connecting to a real broker: patience with one that is away, none with one that refuses."""

import asyncio

import pytest

from common.broker import open_connection, probe
from common.errors import BrokerRefusedError
from tests.support.broker.node import BrokerNode
from tests.support.broker.proxy import Proxy
from tests.support.broker.vhost import Vhost
from tests.support.ports import HOST, free_port
from tests.support.waiting import eventually


async def test_it_waits_for_a_broker_that_is_away(proxy: Proxy, vhost: Vhost) -> None:
    proxy.refuse()

    async def connect() -> bool:
        async with open_connection(vhost.through(proxy.port), "test") as connection:
            return connection.connected.is_set()

    connecting = asyncio.create_task(connect())
    done, _ = await asyncio.wait([connecting], timeout=0.5)
    assert not done
    proxy.accept()

    async with asyncio.timeout(15):
        assert await connecting


async def test_it_shows_under_its_name(broker: BrokerNode, vhost: Vhost) -> None:
    async with open_connection(vhost.url, "worker-of-a-test"):
        told = await asyncio.to_thread(broker.ctl, "list_connections", "vhost", "client_properties")

    assert any(vhost.name in line and "worker-of-a-test" in line for line in told.splitlines())


@pytest.mark.parametrize("fault", ["password", "vhost"])
async def test_a_refusal_says_what_to_check_and_keeps_the_password(broker: BrokerNode, fault: str) -> None:
    password = "a-secret" if fault == "password" else "guest"
    url = broker.url("nowhere" if fault == "vhost" else "%2F", password=password)

    async with asyncio.timeout(5):
        with pytest.raises(
            BrokerRefusedError, match="check the user, the password and the virtual host"
        ) as caught:
            async with open_connection(url, "test"):
                pytest.fail("it must not connect")

    assert f"amqp://guest@{HOST}:{broker.port}" in str(caught.value)
    assert password not in str(caught.value).replace("guest@", "")


async def test_a_probe_tells_whether_a_broker_takes_connections(proxy: Proxy, vhost: Vhost) -> None:
    assert await probe(vhost.through(proxy.port))
    proxy.refuse()
    assert not await probe(vhost.through(proxy.port))
    assert not await probe(f"amqp://guest:guest@{HOST}:{free_port()}/")


async def test_a_connection_given_up_in_mid_handshake_leaves_no_task(proxy: Proxy, vhost: Vhost) -> None:
    before = asyncio.all_tasks()
    proxy.stall()

    async def connect() -> None:
        async with open_connection(vhost.through(proxy.port), "test"):
            pytest.fail("it must not connect")

    connecting = asyncio.create_task(connect())
    await eventually(lambda: proxy.connections == 1, "the handshake has begun")
    connecting.cancel()
    await asyncio.wait([connecting], timeout=2)

    await asyncio.sleep(0.1)
    left = asyncio.all_tasks() - before
    proxy.refuse()  # else the one that is left would keep the test's event loop from closing
    proxy.resume()
    for _ in range(20):
        for task in left:
            task.cancel()
        await asyncio.sleep(0.05)
    assert not left
