"""Rows of faults.md: processes that are killed, hang, run out of room or are restarted at the worst moment."""

import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.pictures import photograph
from tests.support.client import FINAL
from tests.support.marks import crashing, hanging
from tests.support.processes import Service
from tests.support.rawhttp import RawRequest
from tests.support.trial import Trial, TrialFactory, small
from tests.support.vhost import Vhost
from tests.support.waiting import wait_until

MEGABYTE = 1024 * 1024
RAW = "Content-Type: image/jpeg"


def test_worker_killed_in_mid_decode(start_trial: TrialFactory, vhost: Vhost, gate: Path) -> None:
    trial = start_trial(vhost, workers=0, faulty_workers=2, notifications=1)
    image_id = trial.upload_held(gate)
    neighbours = trial.upload_many(5)

    trial.holder(image_id).child.kill()
    gate.touch()

    trial.wait_completed()
    assert trial.attempts(image_id) == 2
    assert {trial.attempts(each) for each in neighbours} == {1}


def test_worker_killed_after_the_result_before_the_event(start_trial: TrialFactory, vhost: Vhost) -> None:
    trial = start_trial(vhost, workers=0)
    image_id = trial.upload()
    dying = trial.add_dying("worker", "after hardlink_to result.json")
    wait_until(lambda: not dying.child.running, "it has killed itself")

    trial.add("worker").wait_ready()

    wait_until(lambda: trial.final_events(image_id), "the end is announced by another")
    assert trial.attempts(image_id) == 1


def test_worker_killed_between_two_outputs(start_trial: TrialFactory, vhost: Vhost) -> None:
    trial = start_trial(vhost, workers=0)
    image_id = trial.upload()
    dying = trial.add_dying("worker", "after replace large.jpg")
    wait_until(lambda: not dying.child.running, "it has killed itself")

    trial.add("worker").wait_ready()

    trial.wait_completed()
    assert trial.attempts(image_id) == 2


def test_decoder_that_crashes_the_process(start_trial: TrialFactory, vhost: Vhost) -> None:
    trial = start_trial(vhost, workers=0, faulty_workers=2)
    poison = trial.upload(crashing(small()))
    neighbours = trial.upload_many(10)

    wait_supervised(trial, lambda: finished(trial), "everything has its end")

    found = trial.wait_final()
    assert found[poison] == "failed"
    assert {found[each] for each in neighbours} == {"completed"}
    status = trial.user.status(poison)
    assert status["error_code"] == "worker_crashed"
    assert trial.attempts(poison) == 5


def test_decoder_that_never_returns(start_trial: TrialFactory, vhost: Vhost) -> None:
    trial = start_trial(vhost, workers=0, faulty_workers=2, JOB_TIMEOUT_SECONDS="1")
    pids = {worker.child.pid for worker in trial.of("worker")}
    hung = trial.upload(hanging(small()))
    trial.upload_many(5)

    wait_supervised(trial, lambda: finished(trial), "everything has its end")
    # The process whose thread hangs ends itself, and another takes its place.
    wait_supervised(
        trial, lambda: {worker.child.pid for worker in trial.of("worker")} != pids, "it has ended itself"
    )
    found = trial.wait_final()
    assert trial.user.status(hung)["error_code"] == "timed_out"
    assert trial.attempts(hung) == 1
    assert {status for image_id, status in found.items() if image_id != hung} == {"completed"}


def test_sigterm_with_jobs_in_flight(start_trial: TrialFactory, vhost: Vhost, gate: Path) -> None:
    trial = start_trial(vhost, workers=0, faulty_workers=1)
    image_id = trial.upload_held(gate)
    trial.upload_many(5)

    trial.worker.child.terminate()
    wait_until(lambda: trial.worker.logged("process.stopping"), "it has heard")
    gate.touch()

    assert trial.worker.child.wait() == 0
    assert trial.user.status(image_id)["status"] == "completed", "what was in hand was finished"
    assert trial.attempts(image_id) == 1


def test_sigterm_with_a_job_that_outlasts_the_grace(
    start_trial: TrialFactory, vhost: Vhost, gate: Path
) -> None:
    trial = start_trial(vhost, workers=0, faulty_workers=1, SHUTDOWN_GRACE_SECONDS="1")
    image_id = trial.upload_held(gate)

    trial.worker.child.terminate()
    trial.worker.child.wait()
    gate.touch()
    trial.revive()

    trial.wait_completed()
    assert trial.attempts(image_id) == 2


def test_sigterm_twice(start_trial: TrialFactory, vhost: Vhost, gate: Path) -> None:
    trial = start_trial(vhost, workers=0, faulty_workers=1)
    image_id = trial.upload_held(gate)

    trial.worker.child.terminate()
    wait_until(lambda: trial.worker.logged("process.stopping"), "it has heard")
    trial.worker.child.terminate()
    assert trial.worker.child.wait() == 128 + 15
    gate.touch()
    trial.revive()

    trial.wait_completed()
    assert trial.attempts(image_id) == 2


def test_api_killed_during_an_upload(start_trial: TrialFactory, vhost: Vhost) -> None:
    trial = start_trial(vhost)
    data = small() + bytes(600_000)  # more than is kept in memory
    with RawRequest(trial.api.port, RAW, f"Content-Length: {len(data)}") as request:
        request.send([data[:300_000]])
        wait_until(lambda: not trial.settled("incoming"), "the upload has begun")
        trial.api.child.kill()

    trial.revive()

    # Nobody was promised anything: what had arrived is swept, as the check of every test shows.
    trial.upload()
    trial.wait_completed()


@pytest.mark.parametrize(
    "step",
    [
        "before rename /incoming/",
        "after rename /incoming/",  # visible, noted and never published
        "before replace /outbox/",  # published, and the note not yet turned over
    ],
)
def test_api_killed_before_and_after_the_rename_and_the_publish(
    start_trial: TrialFactory, vhost: Vhost, step: str
) -> None:
    trial = start_trial(vhost, workers=2, PUBLISH_TIMEOUT_SECONDS="0.5")
    dying = trial.add_dying("api", step)
    dying.wait_ready()
    data = small()
    with RawRequest(dying.port, RAW, f"Content-Length: {len(data)}") as request:
        request.send([data])
        wait_until(lambda: not dying.child.running, "it has killed itself")

    visible = trial.user.http.get("/images").json()["images"]

    # The other replica finds what it left; without a 202, before the rename, there is nothing to find.
    assert len(visible) == (0 if step.startswith("before rename") else 1)
    trial.accepted += [image["image_id"] for image in visible]
    trial.wait_completed()


def test_disk_full_during_an_upload(start_trial: TrialFactory, vhost: Vhost) -> None:
    trial = start_trial(vhost)
    picture = small() + bytes(2 * MEGABYTE)
    with room(trial.api, MEGABYTE):
        answer = trial.user.http.post("/upload", files={"file": ("a.jpg", picture)})
        assert (answer.status_code, answer.json()["code"]) == (507, "store_full")
        wait_until(lambda: trial.settled("incoming"), "nothing stays of it")

    trial.upload(picture)
    trial.wait_completed()


def test_disk_full_during_an_output(start_trial: TrialFactory, vhost: Vhost) -> None:
    trial = start_trial(
        vhost, LARGE_FORMAT="png", LARGE_PIXELS="2000", RETRY_DELAYS_SECONDS="1,1,1,1,1,1,1,1"
    )
    with room(trial.worker, MEGABYTE // 5):
        image_id = trial.upload(photograph(2000, 1500))
        small_one = trial.upload()
        wait_until(lambda: trial.worker.logged("job.postponed", image_id=image_id), "it is tried again later")
        trial.user.wait_completed(small_one)

    trial.wait_completed()
    assert trial.attempts(image_id) >= 2


def test_disk_full_for_ever(start_trial: TrialFactory, vhost: Vhost) -> None:
    trial = start_trial(vhost, LARGE_FORMAT="png", LARGE_PIXELS="2000", RETRY_DELAYS_SECONDS="1,1")
    with room(trial.worker, MEGABYTE // 5):
        image_id = trial.upload(photograph(2000, 1500))
        status = trial.user.wait_for(image_id, "failed")

    assert status["error_code"] == "store_full"
    # The operator makes room, and has it developed again.
    assert trial.user.http.post(f"/images/{image_id}/retry").status_code == 202
    trial.wait_completed()


def test_rolling_restart_of_three_workers_under_load(start_trial: TrialFactory, vhost: Vhost) -> None:
    trial = start_trial(vhost, workers=3, notifications=1)
    stop = threading.Event()

    def upload() -> None:
        while not stop.wait(0.02):
            trial.upload()

    uploader = threading.Thread(target=upload)
    uploader.start()
    for worker in trial.of("worker"):
        assert worker.stop() == 0
        worker.start()
        worker.wait_ready()
    stop.set()
    uploader.join(30)

    trial.wait_completed()
    assert {trial.attempts(image_id) for image_id in trial.accepted} == {1}


def wait_supervised(trial: Trial, condition: Callable[[], bool], what: str) -> None:
    """Wait, and start again whoever ends meanwhile, as a supervisor would."""

    def reached() -> bool:
        for worker in trial.of("worker"):
            if not worker.child.running:
                worker.start()
        return condition()

    wait_until(reached, what, within=60)


def finished(trial: Trial) -> bool:
    """Whether everything accepted has its end."""
    return all(trial.user.status(image_id)["status"] in FINAL for image_id in trial.accepted)


@contextmanager
def room(service: Service, limit: int) -> Iterator[None]:
    """No file that the service writes may grow beyond `limit` bytes: to it, the disk is full."""
    before = resource.prlimit(service.child.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(service.child.pid, resource.RLIMIT_FSIZE, before)
