"""One Darkroom for the tests that leave it as it is."""

from collections.abc import Iterator

import pytest

from tests.support.broker.node import BrokerNode
from tests.support.http.client import Client
from tests.support.processes.stack import Stack, running_stack


@pytest.fixture(scope="session")
def darkroom(broker: BrokerNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The API, two workers and notifications, with the settings a user gets."""
    vhost = broker.vhost()
    with running_stack(tmp_path_factory.mktemp("darkroom"), vhost.url, workers=2, notifications=1) as stack:
        yield stack


@pytest.fixture
def client(darkroom: Stack) -> Iterator[Client]:
    """A client of `darkroom`."""
    with darkroom.client() as made:
        yield made
