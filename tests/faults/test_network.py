"""Links that are cut or refused at the worst moment."""

import threading
from pathlib import Path

from common.broker import topology
from tests.support.broker.link_aware_proxy import LinkAwareProxy
from tests.support.broker.vhost import Vhost
from tests.support.fault_scenario import ScenarioFactory
from tests.support.waiting import wait_until


def test_cut_between_publish_and_confirm(
    start_scenario: ScenarioFactory, proxy: LinkAwareProxy, vhost: Vhost
) -> None:
    scenario = start_scenario(vhost, amqp_url=vhost.through(proxy.port), workers=0)
    proxy.stall("to_client")
    uploading = threading.Thread(target=scenario.upload)
    uploading.start()
    vhost.wait_length(topology.JOBS, 1)
    assert not scenario.settled("outbox"), "nobody has confirmed it"

    proxy.cut()
    proxy.resume()

    uploading.join(20)
    (image_id,) = scenario.accepted
    scenario.add("worker", AMQP_URL=vhost.url).wait_ready()
    scenario.wait_completed()
    assert scenario.attempts(image_id) == 1


def test_cut_in_the_middle_of_a_job(
    start_scenario: ScenarioFactory, proxy: LinkAwareProxy, vhost: Vhost, gate: Path
) -> None:
    scenario = start_scenario(vhost, amqp_url=vhost.through(proxy.port), workers=0, faulty_workers=1)
    image_id = scenario.upload_held(gate)

    proxy.cut()
    wait_until(scenario.worker.ready, "the worker's links are back", within=10)
    gate.touch()

    scenario.wait_completed()
    wait_until(lambda: scenario.worker.logged("job.already_finished"), "the second delivery is recognized")
    assert scenario.attempts(image_id) == 1
    assert len(scenario.worker.logged("job.finished")) == 1


def test_cut_between_the_event_and_the_acknowledgement(
    start_scenario: ScenarioFactory, proxy: LinkAwareProxy, vhost: Vhost, gate: Path
) -> None:
    scenario = start_scenario(vhost, workers=0)
    scenario.add_faulty_worker(AMQP_URL=vhost.through(proxy.port)).wait_ready()
    image_id = scenario.upload_held(gate)
    proxy.rule("consume", "hold")
    gate.touch()
    wait_until(lambda: scenario.final_events(image_id), "the end is announced")

    proxy.rule("consume", "drop")
    wait_until(lambda: not scenario.worker.ready(), "the link is gone")
    proxy.rule("consume", "pass")

    wait_until(lambda: len(scenario.final_events(image_id)) == 2, "it is announced again")
    assert scenario.attempts(image_id) == 1
