"""Processes that are killed, hang, run out of room or are restarted at the worst moment."""

import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.broker.vhost import Vhost
from tests.support.fault_scenario import FaultScenario, ScenarioFactory, small
from tests.support.http.client import FINAL
from tests.support.http.raw_http import RawRequest
from tests.support.images.drawings import photograph
from tests.support.presets import write_presets
from tests.support.processes.marks import crashing, hanging
from tests.support.processes.services import Service
from tests.support.waiting import wait_until

MEGABYTE = 1024 * 1024
RAW = "Content-Type: image/jpeg"


def test_worker_killed_in_mid_decode(start_scenario: ScenarioFactory, vhost: Vhost, gate: Path) -> None:
    scenario = start_scenario(vhost, workers=0, faulty_workers=2, notifications=1)
    image_id = scenario.upload_held(gate)
    neighbors = scenario.upload_many(5)

    scenario.holder(image_id).child.kill()
    gate.touch()

    scenario.wait_completed()
    assert scenario.attempts(image_id) == 2
    assert {scenario.attempts(each) for each in neighbors} == {1}


def test_worker_killed_after_the_result_before_the_event(
    start_scenario: ScenarioFactory, vhost: Vhost
) -> None:
    scenario = start_scenario(vhost, workers=0)
    image_id = scenario.upload()
    dying = scenario.add_dying("worker", "after hardlink_to result.json")
    wait_until(lambda: not dying.child.running, "it has killed itself")

    scenario.add("worker").wait_ready()

    wait_until(lambda: scenario.final_events(image_id), "the end is announced by another")
    assert scenario.attempts(image_id) == 1


def test_worker_killed_between_two_outputs(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, workers=0)
    image_id = scenario.upload()
    dying = scenario.add_dying("worker", "after replace large.jpg")
    wait_until(lambda: not dying.child.running, "it has killed itself")

    scenario.add("worker").wait_ready()

    scenario.wait_completed()
    assert scenario.attempts(image_id) == 2


def test_decoder_that_crashes_the_process(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, workers=0, faulty_workers=2)
    poison = scenario.upload(crashing(small()))
    neighbors = scenario.upload_many(10)

    wait_supervised(scenario, lambda: finished(scenario), "everything has its end")

    found = scenario.wait_final()
    assert found[poison] == "failed"
    assert {found[each] for each in neighbors} == {"completed"}
    status = scenario.user.status(poison)
    assert status["error_code"] == "worker_crashed"
    assert scenario.attempts(poison) == 5


def test_decoder_that_never_returns(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, workers=0, faulty_workers=2, JOB_TIMEOUT_SECONDS="1")
    pids = {worker.child.pid for worker in scenario.of("worker")}
    hung = scenario.upload(hanging(small()))
    scenario.upload_many(5)

    wait_supervised(scenario, lambda: finished(scenario), "everything has its end")
    # The process whose thread hangs ends itself, and another takes its place.
    wait_supervised(
        scenario,
        lambda: {worker.child.pid for worker in scenario.of("worker")} != pids,
        "it has ended itself",
    )
    found = scenario.wait_final()
    assert scenario.user.status(hung)["error_code"] == "timed_out"
    assert scenario.attempts(hung) == 1
    assert {status for image_id, status in found.items() if image_id != hung} == {"completed"}


def test_sigterm_with_jobs_in_flight(start_scenario: ScenarioFactory, vhost: Vhost, gate: Path) -> None:
    scenario = start_scenario(vhost, workers=0, faulty_workers=1)
    image_id = scenario.upload_held(gate)
    scenario.upload_many(5)

    scenario.worker.child.terminate()
    wait_until(lambda: scenario.worker.logged("process.stopping"), "it has heard")
    gate.touch()

    assert scenario.worker.child.wait() == 0
    assert scenario.user.status(image_id)["status"] == "completed", "what was in hand was finished"
    assert scenario.attempts(image_id) == 1


def test_sigterm_with_a_job_that_outlasts_the_grace(
    start_scenario: ScenarioFactory, vhost: Vhost, gate: Path
) -> None:
    scenario = start_scenario(vhost, workers=0, faulty_workers=1, SHUTDOWN_GRACE_SECONDS="1")
    image_id = scenario.upload_held(gate)

    scenario.worker.child.terminate()
    scenario.worker.child.wait()
    gate.touch()
    scenario.revive()

    scenario.wait_completed()
    assert scenario.attempts(image_id) == 2


def test_sigterm_twice(start_scenario: ScenarioFactory, vhost: Vhost, gate: Path) -> None:
    scenario = start_scenario(vhost, workers=0, faulty_workers=1)
    image_id = scenario.upload_held(gate)

    scenario.worker.child.terminate()
    wait_until(lambda: scenario.worker.logged("process.stopping"), "it has heard")
    scenario.worker.child.terminate()
    assert scenario.worker.child.wait() == 128 + 15
    gate.touch()
    scenario.revive()

    scenario.wait_completed()
    assert scenario.attempts(image_id) == 2


def test_api_killed_during_an_upload(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost)
    data = small() + bytes(600_000)  # more than is kept in memory
    with RawRequest(scenario.api.port, RAW, f"Content-Length: {len(data)}") as request:
        request.send([data[:300_000]])
        wait_until(lambda: not scenario.settled("incoming"), "the upload has begun")
        scenario.api.child.kill()

    scenario.revive()

    # Nobody was promised anything: what had arrived is swept, as the check of every test shows.
    scenario.upload()
    scenario.wait_completed()


@pytest.mark.parametrize(
    "step",
    [
        "before rename /incoming/",
        "after rename /incoming/",  # visible, noted and never published
        "before replace /outbox/",  # published, and the note not yet turned over
    ],
)
def test_api_killed_before_and_after_the_rename_and_the_publish(
    start_scenario: ScenarioFactory, vhost: Vhost, step: str
) -> None:
    scenario = start_scenario(vhost, workers=2, PUBLISH_TIMEOUT_SECONDS="0.5")
    dying = scenario.add_dying("api", step)
    dying.wait_ready()
    data = small()
    with RawRequest(dying.port, RAW, f"Content-Length: {len(data)}") as request:
        request.send([data])
        wait_until(lambda: not dying.child.running, "it has killed itself")

    visible = scenario.user.http.get("/images").json()["images"]

    # The other replica finds what it left; without a 202, before the rename, there is nothing to find.
    assert len(visible) == (0 if step.startswith("before rename") else 1)
    scenario.accepted += [image["image_id"] for image in visible]
    scenario.wait_completed()


def test_disk_full_during_an_upload(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost)
    image = small() + bytes(2 * MEGABYTE)
    with room(scenario.api, MEGABYTE):
        answer = scenario.user.http.post("/upload", files={"file": ("a.jpg", image)})
        assert (answer.status_code, answer.json()["code"]) == (507, "store_full")
        wait_until(lambda: scenario.settled("incoming"), "nothing stays of it")

    scenario.upload(image)
    scenario.wait_completed()


def test_disk_full_during_an_output(start_scenario: ScenarioFactory, vhost: Vhost, tmp_path: Path) -> None:
    presets = write_presets(tmp_path, large_pixels=2000, large_format="png")
    scenario = start_scenario(vhost, PRESETS_FILE=presets, RETRY_DELAYS_SECONDS="1,1,1,1,1,1,1,1")
    with room(scenario.worker, MEGABYTE // 5):
        image_id = scenario.upload(photograph(2000, 1500))
        small_one = scenario.upload()
        wait_until(
            lambda: scenario.worker.logged("job.retry_scheduled", image_id=image_id),
            "it is tried again later",
        )
        scenario.user.wait_completed(small_one)

    scenario.wait_completed()
    assert scenario.attempts(image_id) >= 2


def test_disk_full_for_ever(start_scenario: ScenarioFactory, vhost: Vhost, tmp_path: Path) -> None:
    presets = write_presets(tmp_path, large_pixels=2000, large_format="png")
    scenario = start_scenario(vhost, PRESETS_FILE=presets, RETRY_DELAYS_SECONDS="1,1")
    with room(scenario.worker, MEGABYTE // 5):
        image_id = scenario.upload(photograph(2000, 1500))
        status = scenario.user.wait_for(image_id, "failed")

    assert status["error_code"] == "store_full"
    # The operator makes room, and has it developed again.
    assert scenario.user.http.post(f"/images/{image_id}/retry").status_code == 202
    scenario.wait_completed()


def test_rolling_restart_of_three_workers_under_load(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, workers=3, notifications=1)
    stop = threading.Event()

    def upload() -> None:
        while not stop.wait(0.02):
            scenario.upload()

    uploader = threading.Thread(target=upload)
    uploader.start()
    for worker in scenario.of("worker"):
        assert worker.stop() == 0
        worker.start()
        worker.wait_ready()
    stop.set()
    uploader.join(30)

    scenario.wait_completed()
    assert {scenario.attempts(image_id) for image_id in scenario.accepted} == {1}


def wait_supervised(scenario: FaultScenario, condition: Callable[[], bool], what: str) -> None:
    """Wait, and start again whoever ends meanwhile, as a supervisor would."""

    def reached() -> bool:
        for worker in scenario.of("worker"):
            if not worker.child.running:
                worker.start()
        return condition()

    wait_until(reached, what, within=60)


def finished(scenario: FaultScenario) -> bool:
    """Whether everything accepted has its end."""
    return all(scenario.user.status(image_id)["status"] in FINAL for image_id in scenario.accepted)


@contextmanager
def room(service: Service, limit: int) -> Iterator[None]:
    """No file that the service writes may grow beyond `limit` bytes: to it, the disk is full."""
    before = resource.prlimit(service.child.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(service.child.pid, resource.RLIMIT_FSIZE, before)
