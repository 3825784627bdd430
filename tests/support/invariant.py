"""What must hold after every fault, whatever it was: checked the same way after each test of the fault suite."""

import json
from collections import Counter
from pathlib import Path

from common.broker import topology
from tests.support.fault_scenario import FaultScenario
from tests.support.http.client import FINAL
from tests.support.processes.resource_counts import count_resources
from tests.support.waiting import wait_until

_WITHIN = 60.0  # seconds, for each step


def check(scenario: FaultScenario) -> None:
    """Every 202 has its end, whole and announced; nothing lies about; nobody leaks. The services run on."""
    scenario.revive()
    scenario.wait_final(within=_WITHIN)
    _nothing_lies_about(scenario)
    for image_id in scenario.accepted:
        _is_whole(scenario, image_id)
    _listed_once(scenario)
    _announced_once(scenario)
    for image_id in scenario.deleted:
        assert scenario.user.http.get(f"/status/{image_id}").status_code == 404, f"{image_id} came back"
    _nobody_leaks(scenario)
    scenario.check_logs()


def check_ending(scenario: FaultScenario) -> None:
    """Everybody stops when asked, and no message is left that would have to be done again."""
    running = [service for service in scenario.services if service.child.running]
    if any(service.kind == "notifications" for service in running):
        scenario.vhost.wait_length(topology.NOTIFICATIONS, 0)
    for service in running:
        service.child.terminate()
    codes = {service.name: service.child.wait(_WITHIN) for service in running}
    assert set(codes.values()) == {0}, codes
    # What was delivered and not acknowledged is back in its queue by now.
    for queue in sorted(scenario.vhost.queues()):
        if queue.startswith(topology.JOBS):
            assert scenario.vhost.length(queue) == 0, f"{queue} holds messages of images that are finished"
    _no_notes_remain(scenario)


def _nothing_lies_about(scenario: FaultScenario) -> None:
    """The sweep has done its work: no upload half done, no note of work, no file of a writer that died."""
    for folder in ("incoming", "outbox", "unfinished", "events"):
        wait_until(lambda name=folder: scenario.settled(name), f"{folder} is empty", within=_WITHIN)  # type: ignore[misc]
    left = [str(path) for path in (scenario.store / "images").rglob(".tmp-*")]
    assert not left, left


def _no_notes_remain(scenario: FaultScenario) -> None:
    assert scenario.settled("outbox")
    assert scenario.settled("unfinished")
    assert scenario.settled("events")


def _is_whole(scenario: FaultScenario, image_id: str) -> None:
    """One result, and it is what the status says; if completed, all outputs can be fetched and decoded."""
    status = scenario.user.status(image_id)
    result = json.loads((_folder(scenario, image_id) / "result.json").read_text())
    assert status["status"] == result["status"]
    if status["status"] == "failed":
        assert status["error"]
        assert status["error_code"]
        return
    for output in status["details"]["outputs"]:
        image = scenario.user.output_image(image_id, output["name"])
        assert image.size == (output["width"], output["height"])


def _listed_once(scenario: FaultScenario) -> None:
    """The listing holds every promise once; what was never promised, for its client left too early, has its end too."""
    listed: Counter[str] = Counter()
    cursor: str | None = None
    while True:
        query = {"limit": "500"} | ({"cursor": cursor} if cursor else {})
        page = scenario.user.http.get("/images", params=query).json()
        listed.update(image["image_id"] for image in page["images"])
        assert {image["status"] for image in page["images"]} <= set(FINAL), page
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert set(scenario.accepted) <= listed.keys(), set(scenario.accepted) - listed.keys()
    assert set(listed.values()) <= {1}


def _announced_once(scenario: FaultScenario) -> None:
    """At least one announcement of each end, and repeats carry the same id; each retry makes one more end."""
    for image_id in scenario.accepted:
        ends = 1 + len(list(_folder(scenario, image_id).glob("failed-*.json")))
        wait_until(lambda each=image_id: scenario.final_events(each), f"the end of {image_id} is announced")  # type: ignore[misc]
        assert len(set(scenario.final_events(image_id))) == ends, scenario.final_events(image_id)


def _nobody_leaks(scenario: FaultScenario) -> None:
    """Whoever has lived since the beginning has no more tasks, threads and files than then."""
    for service in scenario.services:
        base = scenario.base.get(service.name)
        if base is not None and service.child.running and service.child.pid == base.pid:
            wait_until(
                lambda each=service, was=base: not count_resources(each).grown(was),  # type: ignore[misc]
                f"{service.name} is back to {base}; now {count_resources(service)}",
            )


def _folder(scenario: FaultScenario, image_id: str) -> Path:
    (folder,) = (scenario.store / "images").glob(f"*/*/*/*/{image_id}")
    return folder
