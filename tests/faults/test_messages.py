"""Messages on the job queue that no upload of ours has put there."""

import json

import pytest

from common.broker import topology
from common.model import image_ids
from tests.support.broker.vhost import Vhost
from tests.support.fault_scenario import ScenarioFactory
from tests.support.waiting import wait_until

UNREADABLE = {
    "not JSON": "{nonsense",
    "empty": "",
    "fields missing": json.dumps({"version": 1}),
    "an unknown version": json.dumps({"version": 99, "image_id": image_ids.new()}),
    "a megabyte of one letter": "x" * 1_000_000,
    "an id with ../": json.dumps({"version": 1, "image_id": "../../../etc/passwd"}),
    "an id that is a path": json.dumps({"version": 1, "image_id": "/etc/passwd"}),
    "a number for an id": json.dumps({"version": 1, "image_id": 7}),
    "a list": "[]",
}


def test_messages_that_cannot_be_read(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost)
    for payload in UNREADABLE.values():
        vhost.publish(topology.JOBS, payload)

    scenario.upload()

    scenario.wait_completed()
    wait_until(
        lambda: len(scenario.worker.logged("dead_letter.unreadable")) == len(UNREADABLE),
        "each has come by way of the dead queue and was told of",
    )
    vhost.wait_length(topology.DEAD, 0)


def test_message_about_an_image_that_is_gone(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost)
    vhost.publish(topology.JOBS, json.dumps({"version": 1, "image_id": image_ids.new()}))

    scenario.upload()

    scenario.wait_completed()
    wait_until(lambda: scenario.worker.logged("job.image_gone"), "it is acknowledged")


@pytest.mark.parametrize("workers", [1, 2])
def test_message_that_comes_twice(start_scenario: ScenarioFactory, vhost: Vhost, workers: int) -> None:
    scenario = start_scenario(vhost, workers=0)
    image_id = scenario.upload()
    vhost.publish(topology.JOBS, json.dumps({"version": 1, "image_id": image_id}))

    for _ in range(workers):
        scenario.add("worker")
    scenario.wait_ready()

    # One result; its repeats carry the same id, as the check of every test shows.
    scenario.wait_completed()
