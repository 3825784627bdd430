"""Queues, exchanges and bindings that somebody deletes while everything runs, and names that somebody else holds."""

import json
from collections.abc import Callable

import pytest

from common.broker import topology
from common.model import image_ids
from common.model.messages import Job, deleted_event, encode
from common.runtime.lifecycle import EXIT_CONFIGURATION
from tests.support.broker.vhost import Vhost
from tests.support.fault_scenario import FaultScenario, ScenarioFactory
from tests.support.waiting import wait_until

_OURS = (topology.JOBS, topology.EVENTS)
_WITHIN = 20.0  # seconds: two checks, a renewed subscription, and a slow machine


def ours(vhost: Vhost, kind: str) -> list[str]:
    """The names of our queues or exchanges."""
    found = (each["name"] for each in vhost.management.call("GET", kind, vhost.name))
    return sorted(name for name in found if name.startswith(_OURS))


def delete_queues(vhost: Vhost) -> None:
    for name in ours(vhost, "queues"):
        vhost.delete_queue(name)


def delete_exchanges(vhost: Vhost) -> None:
    for name in ours(vhost, "exchanges"):
        vhost.management.call("DELETE", "exchanges", vhost.name, name)


def bindings(vhost: Vhost) -> list[tuple[str, str, str]]:
    """Exchange, queue and key of each binding of our queues to our exchanges."""
    found = vhost.management.call("GET", "bindings", vhost.name)
    return sorted(
        (each["source"], each["destination"], each["properties_key"])
        for each in found
        if each["source"].startswith(_OURS) and each["destination"].startswith(_OURS)
    )


def delete_bindings(vhost: Vhost) -> None:
    for exchange, queue, key in bindings(vhost):
        vhost.management.call("DELETE", "bindings", vhost.name, "e", exchange, "q", queue, key)


def ready(scenario: FaultScenario) -> bool:
    return all(service.ready() for service in scenario.services)


@pytest.mark.parametrize("delete", [delete_queues, delete_exchanges], ids=["queues", "exchanges"])
def test_readiness_tells_that_something_is_missing_until_it_is_back(
    start_scenario: ScenarioFactory, vhost: Vhost, delete: Callable[[Vhost], None]
) -> None:
    scenario = start_scenario(vhost, workers=1, notifications=1)

    delete(vhost)

    wait_until(lambda: not ready(scenario), "somebody has noticed", within=_WITHIN)
    wait_until(lambda: ready(scenario), "all is there again", within=_WITHIN)


@pytest.mark.parametrize(
    "delete", [delete_queues, delete_exchanges, delete_bindings], ids=["queues", "exchanges", "bindings"]
)
def test_what_is_deleted_while_three_workers_run_is_declared_again(
    start_scenario: ScenarioFactory, vhost: Vhost, delete: Callable[[Vhost], None]
) -> None:
    scenario = start_scenario(vhost, workers=3, notifications=1, REQUEUE_SECONDS="2")
    scenario.upload_many(6)
    scenario.wait_completed()
    before = (ours(vhost, "queues"), ours(vhost, "exchanges"), bindings(vhost))

    delete(vhost)
    scenario.upload_many(6)

    scenario.wait_completed(within=_WITHIN)
    wait_until(
        lambda: (ours(vhost, "queues"), ours(vhost, "exchanges"), bindings(vhost)) == before,
        "the topology is what it was",
        within=_WITHIN,
    )
    # What was announced while the exchange was away reached nobody: the invariant's tap is bound again and told anew.
    scenario.bind_tap()
    for image_id in scenario.accepted:
        vhost.publish(topology.JOBS, encode(Job(image_id=image_id)).decode())
    wait_until(lambda: ready(scenario), "everybody is ready", within=_WITHIN)


def test_each_of_three_workers_takes_jobs_again(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    """Two of three heard nothing for 70 minutes, while the third emptied the queue."""
    scenario = start_scenario(vhost, workers=3, REQUEUE_SECONDS="2")
    finished = {worker.name: len(worker.logged("job.finished")) for worker in scenario.of("worker")}

    delete_queues(vhost)

    def all_have_worked() -> bool:
        scenario.upload_many(4)
        scenario.wait_completed()
        return all(
            len(worker.logged("job.finished")) > finished[worker.name] for worker in scenario.of("worker")
        )

    wait_until(all_have_worked, "each has finished a job", within=40)


@pytest.mark.parametrize(
    "kind, queue",
    [("api", topology.JOBS), ("worker", topology.JOBS), ("notifications", topology.NOTIFICATIONS)],
)
def test_a_queue_of_somebody_else_ends_the_process_in_one_line(
    start_scenario: ScenarioFactory, vhost: Vhost, kind: str, queue: str
) -> None:
    scenario = start_scenario(vhost, workers=0)
    scenario.api.stop()
    if queue in vhost.queues():
        vhost.delete_queue(queue)
    vhost.management.call("PUT", "queues", vhost.name, queue, body={"durable": True, "arguments": {}})
    service = scenario.add(kind) if kind != "api" else scenario.api
    if kind == "api":
        service.start()
    try:
        assert service.child.wait(30) == EXIT_CONFIGURATION
        said = service.complaints().splitlines()
        assert len(said) == 1
        assert "the broker's topology is not ours" in said[0]
        assert queue in said[0]
    finally:
        scenario.services.remove(service) if kind != "api" else None
        vhost.delete_queue(queue)


def test_a_queue_that_somebody_else_takes_while_it_runs_ends_the_process(
    start_scenario: ScenarioFactory, vhost: Vhost
) -> None:
    scenario = start_scenario(vhost, workers=1)
    worker = scenario.worker
    name = topology.retry_queue(topology.DEAD, topology.RETRY_DELAYS[0])

    def taken() -> bool:
        if name in vhost.queues():
            vhost.delete_queue(name)
        try:
            vhost.management.call("PUT", "queues", vhost.name, name, body={"durable": True, "arguments": {}})
        except OSError:  # somebody of ours was faster
            return False
        return True

    wait_until(taken, "the name is taken")
    assert worker.child.wait(30) == EXIT_CONFIGURATION
    assert scenario.api.child.wait(30) == EXIT_CONFIGURATION
    vhost.delete_queue(name)


def test_messages_nested_too_deep_silence_nobody(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, workers=3, notifications=1)
    deep = "[" * 3000 + "]" * 3000
    event = json.loads(encode(deleted_event(image_ids.new())))
    for _ in range(16):
        body = json.dumps(event)[:-1] + f', "x": {deep}}}'
        vhost.publish(topology.JOBS, f'{{"image_id": "{image_ids.new()}", "x": {deep}}}')
        vhost.publish(topology.NOTIFICATIONS, body)

    scenario.upload_many(3)

    scenario.wait_completed(within=_WITHIN)
    wait_until(
        lambda: len(scenario.notifications.logged("event.unreadable")) == 16,
        "each was told of",
        within=_WITHIN,
    )
    wait_until(
        lambda: sum(len(each.logged("dead_letter.unreadable")) for each in scenario.of("worker")) == 16,
        "each has come by way of the dead-letter queue",
        within=_WITHIN,
    )


def test_damaged_records_fail_and_block_no_dead_letter(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, workers=0)
    damaged = [scenario.upload() for _ in range(3)]
    for image_id in damaged:
        (folder,) = (scenario.store / "images").glob(f"*/*/*/*/{image_id}")
        (folder / "manifest.json").write_text("{damaged")
        vhost.publish(topology.DEAD, encode(Job(image_id=image_id)).decode())
    other = scenario.upload()
    vhost.publish(topology.DEAD, encode(Job(image_id=other)).decode())

    for _ in range(3):
        scenario.add("worker").wait_ready()

    found = scenario.wait_final(within=_WITHIN)
    assert found[other] == "completed"
    for image_id in damaged:
        status = scenario.user.status(image_id)
        assert (status["status"], status["error_code"]) == ("failed", "record_unreadable")
        wait_until(lambda each=image_id: scenario.final_events(each), "its end is announced")  # type: ignore[misc]
