"""Defines the fixtures of the fault suite: scenarios, and the invariant that is part of every test."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.broker.link_aware_proxy import LinkAwareProxy, running_link_aware_proxy
from tests.support.broker.node import BrokerNode
from tests.support.broker.vhost import Vhost
from tests.support.fault_scenario import FaultScenario, ScenarioFactory, running_scenario
from tests.support.invariant import check, check_ending

_HERE = Path(__file__).parent
_SCENARIOS = pytest.StashKey[list[FaultScenario]]()
_SECONDS = 240  # a wait that never ends would be seen sooner: each has a bound of its own


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's folder says which kind it is."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker("faults")
            item.add_marker(pytest.mark.timeout(_SECONDS))


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """The invariant belongs to the test: when it does not hold, the test has failed."""
    result = yield
    for scenario in pyfuncitem.stash.get(_SCENARIOS, []):
        check(scenario)
        check_ending(scenario)
    return result


@pytest.fixture
def start_scenario(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ScenarioFactory]:
    """Starts a scenario on a virtual host: `start_scenario(vhost, workers=2, MAX_BACKLOG="3")`."""
    with ExitStack() as stack:

        def start(
            vhost: Vhost,
            *,
            amqp_url: str | None = None,
            workers: int = 1,
            faulty_workers: int = 0,
            notifications: int = 0,
            **settings: str,
        ) -> FaultScenario:
            scenario = stack.enter_context(
                running_scenario(
                    tmp_path,
                    vhost,
                    amqp_url=amqp_url,
                    workers=workers,
                    faulty_workers=faulty_workers,
                    notifications=notifications,
                    disturbed=False,
                    **settings,
                )
            )
            request.node.stash.setdefault(_SCENARIOS, []).append(scenario)
            return scenario

        yield start


@pytest.fixture
def hurt_vhost(hurt_broker: BrokerNode) -> Iterator[Vhost]:
    """A virtual host of the node that the test hurts."""
    made = hurt_broker.vhost()
    yield made
    made.close()


@pytest.fixture
def proxy(broker: BrokerNode) -> Iterator[LinkAwareProxy]:
    """A proxy to the run's broker."""
    with running_link_aware_proxy(broker.port) as made:
        yield made


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """The file whose coming lets held images go on."""
    return tmp_path / "gate"
