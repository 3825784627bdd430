"""One system for all attacks that it must come through unharmed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.target import Target, running_target
from tests.support.broker.node import BrokerNode

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's folder says which kind it is."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker("security")


@pytest.fixture(scope="session")
def target(broker: BrokerNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The API and two workers with little memory; at the end nobody may have died of anything."""
    folder = tmp_path_factory.mktemp("target")
    with running_target(folder, broker.vhost().url) as made:
        yield made
        made.check()
