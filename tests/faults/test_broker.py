"""A broker that is away, killed, frozen, under alarm, full, or that lost its queue."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from common.broker import topology
from tests.support.broker.node import BrokerNode
from tests.support.broker.vhost import Vhost
from tests.support.fault_scenario import ScenarioFactory, small
from tests.support.processes.marks import held
from tests.support.waiting import wait_until

_HASTY = {"PUBLISH_TIMEOUT_SECONDS": "1"}


def test_broker_down_at_the_start_of_each_process(
    start_scenario: ScenarioFactory, hurt_broker: BrokerNode, hurt_vhost: Vhost
) -> None:
    scenario = start_scenario(hurt_vhost, notifications=1, **_HASTY)
    for service in scenario.services:
        assert service.stop() == 0
    hurt_broker.kill()
    for service in scenario.services:
        service.start()
        wait_until(lambda each=service: each.get("/healthz") == 200, f"{service.name} lives")  # type: ignore[misc]
        assert not service.ready()
    scenario.upload_many(5)

    hurt_broker.start()

    scenario.wait_ready()
    scenario.wait_completed()
    assert {scenario.attempts(image_id) for image_id in scenario.accepted} == {1}


def test_broker_killed_with_100_jobs_queued(
    start_scenario: ScenarioFactory, hurt_broker: BrokerNode, hurt_vhost: Vhost
) -> None:
    scenario = start_scenario(hurt_vhost, workers=0, **_HASTY)
    scenario.upload_many(100)
    hurt_vhost.wait_length(topology.JOBS, 100)

    hurt_broker.kill()
    hurt_broker.start()

    for _ in range(2):
        scenario.add("worker").wait_ready()
    scenario.wait_completed()
    assert {scenario.attempts(image_id) for image_id in scenario.accepted} == {1}


def test_broker_stopped_while_200_are_uploaded(
    start_scenario: ScenarioFactory, hurt_broker: BrokerNode, hurt_vhost: Vhost
) -> None:
    scenario = start_scenario(hurt_vhost, workers=3, notifications=1, **_HASTY)
    hurt_broker.stop()
    wait_until(lambda: not scenario.api.ready(), "the API has noticed")
    scenario.upload_many(200)

    hurt_broker.start()

    scenario.wait_completed(within=30)
    assert {scenario.attempts(image_id) for image_id in scenario.accepted} == {1}


def test_broker_frozen_for_20_s_during_publishes(
    start_scenario: ScenarioFactory, hurt_broker: BrokerNode, hurt_vhost: Vhost
) -> None:
    scenario = start_scenario(hurt_vhost, notifications=1, **_HASTY)

    with uploading(scenario.upload):
        with frozen(hurt_broker):
            time.sleep(20)
        wait_until(scenario.api.ready, "the API is ready again")

    scenario.wait_completed()
    assert scenario.accepted


def test_memory_alarm(start_scenario: ScenarioFactory, hurt_broker: BrokerNode, hurt_vhost: Vhost) -> None:
    scenario = start_scenario(hurt_vhost, notifications=1, **_HASTY)
    hurt_broker.memory_alarm(True)
    try:
        scenario.upload_many(10)
        assert not scenario.settled("outbox"), "the broker reads nothing that is published"
    finally:
        hurt_broker.memory_alarm(False)

    scenario.wait_completed()


def test_broker_killed_again_and_again(
    start_scenario: ScenarioFactory, hurt_broker: BrokerNode, hurt_vhost: Vhost
) -> None:
    scenario = start_scenario(hurt_vhost, workers=2, notifications=1, **_HASTY)

    with uploading(scenario.upload):
        for _ in range(3):
            time.sleep(1)
            hurt_broker.kill()
            hurt_broker.start()

    scenario.wait_completed()


def test_queue_deleted_while_consuming(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, workers=0, REQUEUE_SECONDS="2", **_HASTY)
    scenario.upload_many(5)
    scenario.add("worker").wait_ready()
    scenario.wait_completed()

    vhost.delete_queue(topology.JOBS)

    scenario.upload_many(5)
    scenario.wait_completed()


def test_queue_deleted_with_jobs_in_it(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, workers=0, REQUEUE_SECONDS="2", **_HASTY)
    scenario.upload_many(5)
    vhost.wait_length(topology.JOBS, 5)
    wait_until(lambda: scenario.settled("outbox"), "the API takes them for published")

    vhost.delete_queue(topology.JOBS)

    scenario.add("worker").wait_ready()
    scenario.wait_completed()


def test_consumer_timeout(
    start_scenario: ScenarioFactory, hurt_broker: BrokerNode, hurt_vhost: Vhost
) -> None:
    for name, milliseconds in (("consumer_timeout", 1000), ("channel_tick_interval", 500)):
        hurt_broker.ctl("eval", f"application:set_env(rabbit, {name}, {milliseconds}).")
    try:
        scenario = start_scenario(hurt_vhost, workers=0, faulty_workers=2)
        gate = scenario.folder / "gate"
        image_id = scenario.upload(held(small(), gate))
        # The broker closes the channel of whoever keeps a message for too long, and hands it out again.
        wait_until(
            lambda: scenario.user.status(image_id)["details"].get("attempt", 0) >= 2,
            "another has begun on it",
        )
    finally:
        hurt_broker.ctl("eval", "application:set_env(rabbit, consumer_timeout, 1800000).")
    gate.touch()

    scenario.wait_completed()
    scenario.wait_ready()
    scenario.upload_many(3)
    scenario.wait_completed()


def test_queue_full(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, workers=0, **_HASTY)
    limit = {"pattern": f"^{topology.JOBS}$", "definition": {"max-length": 3}, "apply-to": "queues"}
    vhost.management.call("PUT", "policies", vhost.name, "full", body=limit)

    scenario.upload_many(20)

    assert not scenario.settled("outbox"), "what the queue refused waits in the store"
    scenario.add("worker").wait_ready()
    scenario.wait_completed()


@contextmanager
def frozen(broker: BrokerNode) -> Iterator[None]:
    """The node answers nothing for as long as this lasts."""
    broker.freeze()
    try:
        yield
    finally:
        broker.thaw()


@contextmanager
def uploading(upload: object) -> Iterator[None]:
    """One upload after the other meanwhile; each must be accepted."""
    assert callable(upload)
    stop, failures = threading.Event(), []

    def run() -> None:
        try:
            while not stop.is_set():
                upload()
                stop.wait(0.05)
        except Exception as error:  # noqa: BLE001 - told by whoever waits for the thread
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)
    assert not failures, failures
