"""Rows of faults.md: links that are cut or refused at the worst moment."""

import threading
from pathlib import Path

from common import topology
from tests.support.picky_proxy import PickyProxy
from tests.support.trial import TrialFactory
from tests.support.vhost import Vhost
from tests.support.waiting import wait_until


def test_cut_between_publish_and_confirm(start_trial: TrialFactory, proxy: PickyProxy, vhost: Vhost) -> None:
    trial = start_trial(vhost, amqp_url=vhost.through(proxy.port), workers=0)
    proxy.stall("to_client")
    uploading = threading.Thread(target=trial.upload)
    uploading.start()
    vhost.wait_length(topology.JOBS, 1)
    assert not trial.settled("outbox"), "nobody has confirmed it"

    proxy.cut()
    proxy.resume()

    uploading.join(20)
    (image_id,) = trial.accepted
    trial.add("worker", AMQP_URL=vhost.url).wait_ready()
    trial.wait_completed()
    assert trial.attempts(image_id) == 1


def test_cut_in_the_middle_of_a_job(
    start_trial: TrialFactory, proxy: PickyProxy, vhost: Vhost, gate: Path
) -> None:
    trial = start_trial(vhost, amqp_url=vhost.through(proxy.port), workers=0, faulty_workers=1)
    image_id = trial.upload_held(gate)

    proxy.cut()
    wait_until(trial.worker.ready, "the worker's links are back", within=10)
    gate.touch()

    trial.wait_completed()
    wait_until(lambda: trial.worker.logged("job.known"), "the second delivery is recognised")
    assert trial.attempts(image_id) == 1
    assert len(trial.worker.logged("job.finished")) == 1


def test_cut_between_the_event_and_the_acknowledgement(
    start_trial: TrialFactory, proxy: PickyProxy, vhost: Vhost, gate: Path
) -> None:
    trial = start_trial(vhost, workers=0)
    trial.add_faulty_worker(AMQP_URL=vhost.through(proxy.port)).wait_ready()
    image_id = trial.upload_held(gate)
    proxy.rule("consume", "hold")
    gate.touch()
    wait_until(lambda: trial.final_events(image_id), "the end is announced")

    proxy.rule("consume", "drop")
    wait_until(lambda: not trial.worker.ready(), "the link is gone")
    proxy.rule("consume", "pass")

    wait_until(lambda: len(trial.final_events(image_id)) == 2, "it is announced again")
    assert trial.attempts(image_id) == 1
