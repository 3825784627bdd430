"""The fixtures all tests share: one private broker a run, and a virtual host of its own for each test."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.broker.node import BrokerNode
from tests.support.broker.vhost import Vhost
from tests.support.processes.children import left_over
from tests.support.processes.stack import Stack, StackFactory, running_stack
from tests.support.waiting import wait_until

_TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's folder says which kind it is; the quick kinds go first."""
    order = {"unit": 0, "integration": 1, "e2e": 2}
    for item in items:
        kind = _kind(item)
        if kind in ("integration", "e2e"):
            item.add_marker(kind)
    items.sort(key=lambda item: order.get(_kind(item), len(order)))


def _kind(item: pytest.Item) -> str:
    return item.path.relative_to(_TESTS).parts[0] if item.path.is_relative_to(_TESTS) else ""


@pytest.fixture(scope="session", autouse=True)
def _nothing_left_running() -> Iterator[None]:
    yield
    wait_until(lambda: not left_over(), "every process of this run has ended", within=10)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerNode]:
    """The run's node, for tests that leave it in peace."""
    node = BrokerNode(tmp_path_factory.mktemp("broker"))
    with ExitStack() as stack:
        stack.callback(node.close)
        node.start()
        yield node


@pytest.fixture
def vhost(broker: BrokerNode) -> Iterator[Vhost]:
    """A virtual host that only this test uses."""
    made = broker.vhost()
    yield made
    made.close()


@pytest.fixture(scope="module")
def fragile_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerNode]:
    """A node for a module that hurts it."""
    node = BrokerNode(tmp_path_factory.mktemp("fragile"))
    with ExitStack() as stack:
        stack.callback(node.close)
        node.start()
        yield node


@pytest.fixture
def hurt_broker(fragile_broker: BrokerNode) -> BrokerNode:
    """The module's node, running again whatever the test before did to it."""
    if not fragile_broker.child.running:
        fragile_broker.start()
    return fragile_broker


@pytest.fixture
def start_stack(tmp_path: Path, vhost: Vhost) -> Iterator[StackFactory]:
    """Starts a stack of the test's own on its own virtual host: `start_stack(workers=2, MAX_UPLOAD_BYTES="1000")`."""
    with ExitStack() as stack:

        def start(
            *, amqp_url: str | None = None, workers: int = 1, notifications: int = 0, **settings: str
        ) -> Stack:
            return stack.enter_context(
                running_stack(
                    tmp_path, amqp_url or vhost.url, workers=workers, notifications=notifications, **settings
                )
            )

        yield start
