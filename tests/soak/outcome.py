"""What became of everything that was accepted."""

import time
from collections import Counter
from typing import Final

from tests.support.fault_scenario import FaultScenario
from tests.support.http.client import FINAL
from tests.support.invariant import check

_END_WITHIN: Final = 300.0  # seconds


def report(scenario: FaultScenario, answers: Counter[str], strikes: Counter[str]) -> int:
    """Wait for every end, print what happened; returns 1 unless all images, which are sound, are completed."""
    began = time.monotonic()
    found = _statuses(scenario)
    while set(found.values()) - {*FINAL, "lost"} and time.monotonic() < began + _END_WITHIN:
        time.sleep(1)
        found = _statuses(scenario)
    statuses = Counter(found.values())
    stuck = statuses["uploaded"] + statuses["processing"]
    print("strikes:", _listed(strikes))
    print("uploads:", _listed(answers))
    print(
        f"accepted {len(scenario.accepted)}, completed {statuses['completed']}, failed {statuses['failed']}, "
        f"lost {statuses['lost']}, stuck {stuck}; the last ended {time.monotonic() - began:.0f} s after the last strike"
    )
    _print_failed([each for each, status in found.items() if status == "failed"], scenario)
    if statuses["completed"] != len(scenario.accepted):
        return 1
    check(scenario)
    print("every end is announced, every output is there, and nothing is left over")
    return 0


def _print_failed(image_ids: list[str], scenario: FaultScenario) -> None:
    for image_id in image_ids[:10]:
        status = scenario.user.status(image_id)
        print("failed although it is sound:", image_id, status["error_code"], status["error"])


def _statuses(scenario: FaultScenario) -> dict[str, str]:
    answers = {each: scenario.user.http.get(f"/status/{each}") for each in scenario.accepted}
    return {
        each: "lost" if answer.status_code == 404 else str(answer.json()["status"])
        for each, answer in answers.items()
    }


def _listed(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items())) or "none"
