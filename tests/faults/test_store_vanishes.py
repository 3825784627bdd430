"""The store's disk vanishes under running services, as an unmounted file system does, and comes back."""

from pathlib import Path

from tests.support.broker.vhost import Vhost
from tests.support.fault_scenario import ScenarioFactory
from tests.support.waiting import wait_until


def test_images_of_a_store_that_is_not_there_are_not_taken_for_deleted(
    start_scenario: ScenarioFactory, vhost: Vhost, gate: Path
) -> None:
    scenario = start_scenario(vhost, workers=0, faulty_workers=1, RETRY_DELAYS_SECONDS="1,1,1,2,5,5,5")
    held = scenario.upload_held(gate)
    waiting = scenario.upload()
    away = scenario.store.with_name("unmounted")
    scenario.store.rename(away)
    scenario.store.mkdir()

    gate.touch()
    for image_id in (held, waiting):
        wait_until(
            lambda asked=image_id: scenario.worker.logged("job.retry_scheduled", image_id=asked),  # type: ignore[misc]
            "the worker tries it again",
        )
        assert scenario.user.http.get(f"/status/{image_id}").status_code == 503
        assert scenario.user.http.delete(f"/images/{image_id}").status_code == 503
    assert not list(scenario.store.iterdir()), "nothing is made in the mount point"
    assert not scenario.worker.logged("job.image_gone")
    scenario.store.rmdir()
    away.rename(scenario.store)

    scenario.wait_completed()
