"""The decoder process, and pauses of what surrounds it: whose fault the end of an image is."""

import os
import signal
import time
from pathlib import Path

from tests.support.broker.node import BrokerNode
from tests.support.broker.vhost import Vhost
from tests.support.fault_scenario import ScenarioFactory, small
from tests.support.images.drawings import photograph
from tests.support.processes.marks import (
    crashing_decoder,
    hanging_decoder,
    lying_decoder,
    stalling,
    stalling_decoder,
)
from tests.support.processes.services import Service
from tests.support.waiting import holds, wait_until

DEADLINE = {"JOB_TIMEOUT_SECONDS": "1", "JOB_STALL_SECONDS": "20"}


def test_worker_stopped_for_longer_than_the_deadline(
    start_scenario: ScenarioFactory, vhost: Vhost, gate: Path
) -> None:
    """The image took none of that time: it is developed when the worker goes on, in the same attempt."""
    scenario = start_scenario(
        vhost, workers=0, faulty_workers=1, JOB_TIMEOUT_SECONDS="1", JOB_STALL_SECONDS="3"
    )
    image_id = scenario.upload_held(gate)

    scenario.worker.child.freeze()
    time.sleep(5)
    scenario.worker.child.thaw()
    gate.touch()

    scenario.wait_completed()
    assert scenario.attempts(image_id) == 1


def test_image_that_waits_for_longer_than_the_deadline(
    start_scenario: ScenarioFactory, vhost: Vhost, gate: Path
) -> None:
    scenario = start_scenario(vhost, workers=0, faulty_workers=1, **DEADLINE)
    image_id = scenario.upload_held(gate)
    time.sleep(3)
    gate.touch()

    scenario.wait_completed()
    assert scenario.attempts(image_id) == 1


def test_decoder_stopped_and_killed_from_outside(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    """SIGKILL only ever comes from outside: the image is decoded in a fresh process, within the same attempt."""
    scenario = start_scenario(vhost, workers=0, faulty_workers=1, **DEADLINE)
    (decoder,) = decoders(scenario.worker)
    scenario.upload()
    scenario.wait_completed()
    wait_until(lambda: is_stopped(decoder), "an idle decoder is stopped")
    image_id = scenario.upload(photograph(7000, 7000))
    wait_until(lambda: not is_stopped(decoder), "it decodes the image")
    os.kill(decoder, signal.SIGSTOP)
    time.sleep(2)
    assert scenario.user.status(image_id)["status"] == "processing"
    os.kill(decoder, signal.SIGKILL)

    scenario.wait_completed()
    assert scenario.attempts(image_id) == 1


def test_decoder_process_that_crashes(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, workers=0, faulty_workers=1)
    pid = scenario.worker.child.pid
    poison, liar = scenario.upload(crashing_decoder(small())), scenario.upload(lying_decoder(small()))
    scenario.upload_many(5)

    found = scenario.wait_final()

    for each in (poison, liar):
        assert scenario.user.status(each)["error_code"] == "decoder_crashed"
        assert scenario.attempts(each) == 1
    assert {status for each, status in found.items() if each not in {poison, liar}} == {"completed"}
    assert scenario.worker.child.running
    assert scenario.worker.child.pid == pid, "the worker lives on"


def test_decoder_process_that_never_returns(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, workers=0, faulty_workers=1, **DEADLINE)
    hung = scenario.upload(hanging_decoder(small()))
    scenario.upload_many(5)

    found = scenario.wait_final()

    assert scenario.user.status(hung)["error_code"] == "timed_out"
    assert scenario.attempts(hung) == 1
    assert {status for each, status in found.items() if each != hung} == {"completed"}
    assert scenario.worker.child.running, "the worker lives on"


def test_decoder_process_that_waits_for_ever(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    """Nothing says whose fault it is: it is tried again, and ends with a reason that is true."""
    scenario = start_scenario(
        vhost, workers=0, faulty_workers=1, JOB_STALL_SECONDS="1", RETRY_DELAYS_SECONDS="1,1"
    )
    stalled = scenario.upload(stalling_decoder(small()))
    scenario.upload_many(5)

    found = scenario.wait_final()

    status = scenario.user.status(stalled)
    assert status["error_code"] == "job_stalled"
    assert "tried 3 times" in status["error"]
    assert {status for each, status in found.items() if each != stalled} == {"completed"}
    assert scenario.worker.child.running, "the worker lives on"


def test_retry_that_the_broker_does_not_confirm(
    start_scenario: ScenarioFactory, hurt_broker: BrokerNode, hurt_vhost: Vhost
) -> None:
    """The worker keeps the delivery meanwhile: no attempt is spent, and no death is counted."""
    scenario = start_scenario(
        hurt_vhost,
        workers=0,
        faulty_workers=1,
        JOB_STALL_SECONDS="10",
        RETRY_DELAYS_SECONDS="1",
        PUBLISH_TIMEOUT_SECONDS="1",
    )
    stalled = scenario.upload(stalling_decoder(small()))
    scenario.user.wait_for(stalled, "processing")
    hurt_broker.memory_alarm(True)
    try:
        holds(lambda: scenario.attempts(stalled) == 1, "it is not tried again", during=22)
    finally:
        hurt_broker.memory_alarm(False)

    scenario.wait_final()

    assert scenario.user.status(stalled)["error_code"] == "job_stalled"
    assert scenario.attempts(stalled) == 2


def test_worker_thread_that_waits_for_ever(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    """What waits in the worker itself costs the process, but not before the job was put back."""
    scenario = start_scenario(
        vhost, workers=0, faulty_workers=1, JOB_STALL_SECONDS="1", RETRY_DELAYS_SECONDS="1"
    )
    stalled = scenario.upload(stalling(small()))

    def ended() -> bool:
        if not scenario.worker.child.running:
            scenario.worker.start()
        return bool(scenario.user.status(stalled)["status"] == "failed")

    wait_until(ended, "it has its end", within=60)
    assert scenario.user.status(stalled)["error_code"] == "job_stalled"
    wait_until(lambda: not scenario.worker.child.running, "the process that has such a thread ends")
    scenario.revive()


def test_worker_killed_takes_its_decoders_with_it(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, workers=0, faulty_workers=1)
    hung = scenario.upload(stalling_decoder(small()))
    scenario.user.wait_for(hung, "processing")
    processes = family(scenario.worker)
    assert len(processes) == 2, "a fork server and a decoder"

    scenario.delete(hung)
    scenario.worker.child.kill()

    wait_until(lambda: not any(Path(f"/proc/{each}").exists() for each in processes), "they are gone")
    scenario.revive()


def test_sigterm_ends_the_decoders(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, workers=1)
    scenario.upload_many(3, photograph(1200, 900))
    scenario.wait_completed()
    processes = family(scenario.worker)

    assert scenario.worker.stop() == 0

    assert not any(Path(f"/proc/{each}").exists() for each in processes)
    scenario.revive()


def test_fork_server_that_stands_still(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    """The worker replaces it within the same attempt, and lives on."""
    scenario = start_scenario(vhost, workers=1)
    worker = scenario.worker
    ((fork_server,), (decoder,)) = (children(worker.child.pid), decoders(worker))
    os.kill(fork_server, signal.SIGSTOP)
    os.kill(decoder, signal.SIGKILL)
    image_id = scenario.upload()

    scenario.wait_completed()

    assert scenario.attempts(image_id) == 1
    assert fork_server not in children(worker.child.pid)


def test_sigterm_while_the_fork_server_stands_still(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, workers=1)
    processes = family(scenario.worker)
    (fork_server,) = children(scenario.worker.child.pid)
    os.kill(fork_server, signal.SIGSTOP)

    assert scenario.worker.stop() == 0

    wait_until(lambda: not any(Path(f"/proc/{each}").exists() for each in processes), "they are gone")
    scenario.revive()


def test_confinement_is_told_at_the_start(start_scenario: ScenarioFactory, vhost: Vhost) -> None:
    scenario = start_scenario(vhost, workers=1)
    (line,) = scenario.worker.logged("decoder.ready")
    assert line["seccomp"] is True
    assert isinstance(line["landlock_version"], int)


def decoders(worker: Service) -> set[int]:
    """The decoder processes of a worker."""
    return {each for server in children(worker.child.pid) for each in children(server)}


def family(worker: Service) -> set[int]:
    """The fork server of a worker and its decoder processes."""
    return children(worker.child.pid) | decoders(worker)


def children(pid: int) -> set[int]:
    """The processes that a process has started and not yet reaped."""
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(each) for file in found for each in file.read_text().split()}


def is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("T")
