"""Deleting, running again and sweeping while work is in flight; idempotency keys under concurrency and restarts."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.broker.vhost import Vhost
from tests.support.fault_scenario import ScenarioFactory, small
from tests.support.http.client import open_client
from tests.support.http.raw_http import RawRequest
from tests.support.processes.marks import hanging
from tests.support.waiting import wait_until


def test_delete_of_an_image_that_is_being_developed(
    start_scenario: ScenarioFactory, vhost: Vhost, gate: Path
) -> None:
    scenario = start_scenario(vhost, workers=0, faulty_workers=1)
    image_id = scenario.upload_held(gate)

    scenario.delete(image_id)
    gate.touch()

    wait_until(
        lambda: scenario.worker.logged("job.image_gone", image_id=image_id), "the worker finds it gone"
    )


def test_delete_of_an_image_that_waits(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, workers=0)
    image_id = scenario.upload()
    scenario.upload()

    scenario.delete(image_id)
    scenario.add("worker").wait_ready()

    scenario.wait_completed()


def test_retry_by_two_at_once_is_one_more_attempt(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, workers=0, faulty_workers=1, JOB_TIMEOUT_SECONDS="1")
    image_id = scenario.upload(hanging(small()))
    scenario.user.wait_for(image_id, "failed")
    wait_until(lambda: not scenario.worker.child.running, "the worker whose thread hangs ends itself")
    scenario.worker.start()
    scenario.worker.wait_ready()

    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda _: scenario.user.http.post(f"/images/{image_id}/retry").status_code, range(4))
        )

    assert sorted(answers) == [202, 409, 409, 409]
    scenario.user.wait_for(image_id, "failed")
    assert scenario.attempts(image_id) == 2
    wait_until(lambda: not scenario.worker.child.running, "it has ended itself again")


def test_sweeper_leaves_an_upload_in_progress_alone(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, STAGED_SECONDS="1", MAINTENANCE_SECONDS="0.2")
    data = small()
    piece = len(data) // 12
    with RawRequest(scenario.api.port, "Content-Type: image/jpeg", f"Content-Length: {len(data)}") as request:
        request.send([data[:piece]])
        for start in range(piece, len(data), piece):
            time.sleep(0.2)  # slower than the sweeper's patience in all, but never still for so long
            request.send([data[start : start + piece]])
        answer = request.answer()

    assert answer.status == 202
    scenario.accepted.append(answer.json()["image_id"])
    scenario.wait_completed()


def test_one_key_by_many_at_once_and_across_replicas_and_restarts(
    start_scenario: ScenarioFactory, vhost: Vhost
) -> None:
    scenario = start_scenario(vhost)
    other = scenario.add("api")
    other.wait_ready()
    headers = {"Idempotency-Key": "an-order-of-one-customer"}

    def upload(port: int) -> str:
        with open_client(port) as client:
            answer = client.http.post("/upload", files={"file": ("a.jpg", small())}, headers=headers)
        assert answer.status_code == 202, answer.text
        image_id: str = answer.json()["image_id"]
        return image_id

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(upload, [scenario.api.port, other.port] * 8))
    scenario.api.child.kill()
    scenario.revive()
    found.add(upload(scenario.api.port))

    assert len(found) == 1
    scenario.accepted += found
    scenario.wait_completed()
    assert len(scenario.user.http.get("/images").json()["images"]) == 1
