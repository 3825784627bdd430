"""A broker whose queues lost their data, as RabbitMQ 3.10 does by a power cut: nobody has to clean up by hand."""

from pathlib import Path

import pytest

from common.broker import topology
from tests.support.broker.node import BrokerNode
from tests.support.broker.vhost import Vhost
from tests.support.fault_scenario import ScenarioFactory


@pytest.mark.timeout(300)  # the broker is given 20 s to recover by itself, by each process for itself
def test_queues_that_the_broker_cannot_open_are_made_anew_and_filled_from_the_store(
    start_scenario: ScenarioFactory, hurt_broker: BrokerNode, hurt_vhost: Vhost
) -> None:
    scenario = start_scenario(hurt_vhost, workers=2, notifications=1)
    for worker in scenario.of("worker"):
        worker.stop()
    scenario.upload_many(20)
    hurt_broker.kill()
    _damage_queues(hurt_broker.folder)
    hurt_broker.start()
    assert "down" in hurt_broker.ctl("list_queues", "--vhost", hurt_vhost.name, "name", "state")
    for worker in scenario.of("worker"):
        worker.start()

    scenario.wait_completed(within=200)
    deleted = [line["queue"] for each in scenario.services for line in each.logged("queue.deleted")]
    assert topology.JOBS in deleted


def test_a_node_starts_although_its_cookie_was_never_written(tmp_path: Path) -> None:
    node = BrokerNode(tmp_path)
    try:
        node.start()
        node.kill()
        cookie = tmp_path / "node/home/.erlang.cookie"
        cookie.chmod(0o600)
        cookie.write_bytes(b"")
        node.start()
    finally:
        node.close()


def _damage_queues(folder: Path) -> None:
    """Remove what says how each quorum queue is made, which a power cut may leave unwritten."""
    found = list((folder / "node/data").glob("*/quorum/*/*/config"))
    assert found
    for path in found:
        path.unlink()
