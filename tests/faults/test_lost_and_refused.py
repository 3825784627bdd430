"""What the broker refuses or loses: events that a stranger's queue does not take, and jobs whose queue was dropped."""

from collections import Counter

from common.broker import topology
from tests.support.broker.vhost import Vhost
from tests.support.fault_scenario import FaultScenario, ScenarioFactory
from tests.support.waiting import wait_until

_STRANGER = "a-strangers-queue"


def test_a_strangers_full_queue_on_the_fanout_costs_no_job(
    start_scenario: ScenarioFactory, vhost: Vhost
) -> None:
    scenario = start_scenario(vhost, workers=2, notifications=1)
    vhost.add_full_queue(_STRANGER, bound_to=topology.EVENTS)

    scenario.upload_many(60)
    scenario.wait_completed()
    deleted = scenario.accepted[0]
    scenario.delete(deleted)

    assert {scenario.attempts(image_id) for image_id in scenario.accepted} == {1}
    assert sum(len(worker.logged("job.finished")) for worker in scenario.of("worker")) == 60
    assert _waiting(scenario) >= 60, "every event was refused"
    vhost.delete_queue(_STRANGER)
    wait_until(lambda: not _waiting(scenario), "what waited was taken", within=90)
    for image_id in scenario.accepted:
        assert set(scenario.final_events(image_id)) == {f"{image_id}/image.completed/1"}
    seen = Counter(event["id"] for event in scenario.events)
    assert seen[f"{deleted}/image.deleted"] >= 1
    # Each when it happened and when it was taken; beyond that, one event a try.
    assert seen.total() <= 60 + 2 * 61 + 20, seen


def test_jobs_of_a_queue_that_was_dropped_while_the_api_was_down_are_requeued_at_its_start(
    start_scenario: ScenarioFactory, vhost: Vhost
) -> None:
    scenario = start_scenario(vhost, workers=0)
    scenario.upload_many(20)
    vhost.wait_length(topology.JOBS, 20)
    wait_until(lambda: scenario.settled("outbox"), "all are marked as published")
    assert scenario.api.stop() == 0

    vhost.delete_queue(topology.JOBS)
    scenario.api.start()

    vhost.wait_length(topology.JOBS, 20)
    scenario.add("worker").wait_ready()
    scenario.wait_completed()
    assert {scenario.attempts(image_id) for image_id in scenario.accepted} == {1}


def test_jobs_that_vanish_from_the_queue_are_requeued_within_seconds_and_once(
    start_scenario: ScenarioFactory, vhost: Vhost
) -> None:
    scenario = start_scenario(vhost, workers=0)
    scenario.add("api").wait_ready()
    scenario.upload_many(20)
    vhost.wait_length(topology.JOBS, 20)
    wait_until(lambda: scenario.settled("outbox"), "all are marked as published")

    vhost.purge(topology.JOBS)

    vhost.wait_length(topology.JOBS, 20)
    requeued = [line["image_id"] for api in scenario.of("api") for line in api.logged("lost_jobs.requeued")]
    assert sorted(requeued) == sorted(scenario.accepted), "by one of the two replicas"
    scenario.add("worker").wait_ready()
    scenario.wait_completed()
    assert {scenario.attempts(image_id) for image_id in scenario.accepted} == {1}


def _waiting(scenario: FaultScenario) -> int:
    return sum(1 for _ in (scenario.store / "events").iterdir())
