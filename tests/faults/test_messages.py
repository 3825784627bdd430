"""Rows of faults.md: messages on the job queue that no upload of ours has put there."""

import json

import pytest

from common import ids, topology
from tests.support.trial import TrialFactory
from tests.support.vhost import Vhost
from tests.support.waiting import wait_until

RUBBISH = {
    "not JSON": "{nonsense",
    "empty": "",
    "fields missing": json.dumps({"version": 1}),
    "an unknown version": json.dumps({"version": 99, "image_id": ids.new()}),
    "a megabyte of rubbish": "x" * 1_000_000,
    "an id with ../": json.dumps({"version": 1, "image_id": "../../../etc/passwd"}),
    "an id that is a path": json.dumps({"version": 1, "image_id": "/etc/passwd"}),
    "a number for an id": json.dumps({"version": 1, "image_id": 7}),
    "a list": "[]",
}


def test_messages_that_cannot_be_read(start_trial: TrialFactory, vhost: Vhost) -> None:
    trial = start_trial(vhost)
    for payload in RUBBISH.values():
        vhost.publish(topology.JOBS, payload)

    trial.upload()

    trial.wait_completed()
    wait_until(
        lambda: len(trial.worker.logged("dead_letter.unreadable")) == len(RUBBISH),
        "each has come by way of the dead queue and was told of",
    )
    vhost.wait_length(topology.DEAD, 0)


def test_message_about_an_image_that_is_gone(start_trial: TrialFactory, vhost: Vhost) -> None:
    trial = start_trial(vhost)
    vhost.publish(topology.JOBS, json.dumps({"version": 1, "image_id": ids.new()}))

    trial.upload()

    trial.wait_completed()
    wait_until(lambda: trial.worker.logged("job.image_gone"), "it is acknowledged")


@pytest.mark.parametrize("workers", [1, 2])
def test_message_that_comes_twice(start_trial: TrialFactory, vhost: Vhost, workers: int) -> None:
    trial = start_trial(vhost, workers=0)
    image_id = trial.upload()
    vhost.publish(topology.JOBS, json.dumps({"version": 1, "image_id": image_id}))

    for _ in range(workers):
        trial.add("worker")
    trial.wait_ready()

    # One result; its repeats carry the same id, as the check of every test shows.
    trial.wait_completed()
