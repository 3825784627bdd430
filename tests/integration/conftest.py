"""What the integration tests share: a proxy to the run's broker, and publishers and consumers that clean up."""

from collections.abc import AsyncIterator, Iterator

import pytest

from common.broker import Publisher, open_publisher, topology
from common.model.image_ids import new
from common.model.messages import Job
from tests.support.broker.node import BrokerNode
from tests.support.broker.proxy import Proxy, running_proxy
from tests.support.broker.vhost import Vhost

DECLARES = topology.jobs((1, 2))


@pytest.fixture
def proxy(broker: BrokerNode) -> Iterator[Proxy]:
    """A proxy to the run's broker."""
    with running_proxy(broker.port) as made:
        yield made


@pytest.fixture
def job() -> Job:
    """A job of some image."""
    return Job(image_id=new())


@pytest.fixture
async def publisher(vhost: Vhost) -> AsyncIterator[Publisher]:
    """A publisher whose link stands."""
    async with open_publisher(vhost.url, "test", declared=DECLARES, timeout=5.0) as made:
        await made.wait_open()
        yield made


@pytest.fixture
async def proxied(vhost: Vhost, proxy: Proxy) -> AsyncIterator[Publisher]:
    """A publisher behind the proxy, with little patience."""
    async with open_publisher(vhost.through(proxy.port), "test", declared=DECLARES, timeout=0.5) as made:
        await made.wait_open()
        yield made
