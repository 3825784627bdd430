"""`make soak`: uploads without end while somebody is killed every few seconds; everything accepted must have its end.

Starts a broker and all services of its own. Exits with 1 when an image was lost or stuck, or the invariant of the fault
suite does not hold.
"""

import argparse
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.support.broker.node import BrokerNode
from tests.support.fault_scenario import FaultScenario, running_scenario
from tests.support.http.client import FINAL, open_client
from tests.support.images.drawings import photograph
from tests.support.invariant import check
from tests.support.processes.children import Child

_FROZEN_SECONDS = 3.0
_UPLOADS_A_SECOND = 6.0
_SIZES = ((160, 120), (640, 480), (1600, 1200))
_END_WITHIN = 300.0


@dataclass
class Tally:
    """What happened to uploads, and to processes."""

    uploads: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)


def main() -> int:
    """Soak for the given time; returns the exit code."""
    asked = _arguments()
    print(
        f"soaking for {asked.seconds:g} s, a kill every {asked.kill_every:g} s, seed {asked.seed}", flush=True
    )
    with tempfile.TemporaryDirectory(prefix="darkroom-soak-") as name:
        node = BrokerNode(Path(name) / "broker")
        try:
            node.start()
            return _soak(Path(name), node, asked)
        finally:
            node.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--kill-every", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    return parser.parse_args()


def _soak(folder: Path, node: BrokerNode, asked: argparse.Namespace) -> int:
    with running_scenario(
        folder, node.vhost(), workers=3, notifications=1, WATCHDOG_SECONDS="10"
    ) as scenario:
        scenario.add("api").wait_ready()
        tally = Tally()
        with _uploading(scenario, tally):
            _hurt(scenario, node, tally, asked)
        print("killed, stopped or frozen:", _told(tally.kills), flush=True)
        if not node.child.running:
            node.start()
        scenario.revive()
        return _run_handler(scenario, tally)


def _hurt(scenario: FaultScenario, node: BrokerNode, tally: Tally, asked: argparse.Namespace) -> None:
    """Strike at random until the time is over, and start again whatever has ended, as a supervisor would."""
    chance = random.Random(asked.seed)
    end, next_kill = time.monotonic() + asked.seconds, time.monotonic() + asked.kill_every
    thaw: list[tuple[float, Child]] = []
    while time.monotonic() < end:
        time.sleep(0.2)
        for when, child in [each for each in thaw if each[0] <= time.monotonic()]:
            thaw.remove((when, child))
            child.thaw()
        if time.monotonic() >= next_kill:
            next_kill += asked.kill_every
            _strike(scenario, node, tally, chance, thaw)
        _restart(scenario, node)
    for _, child in thaw:
        child.thaw()


def _strike(
    scenario: FaultScenario,
    node: BrokerNode,
    tally: Tally,
    chance: random.Random,
    thaw: list[tuple[float, Child]],
) -> None:
    victims = {"broker": node.child} | {each.name: each.child for each in scenario.services}
    name = chance.choice(sorted(name for name, child in victims.items() if child.running))
    child, way = victims[name], chance.choices(("kill", "stop", "freeze"), (6, 2, 2))[0]
    tally.kills[f"{way} {name.rstrip('-0123456789')}"] += 1
    if way == "kill":
        child.kill()
    elif way == "stop":
        child.terminate()
    else:
        child.freeze()
        thaw.append((time.monotonic() + _FROZEN_SECONDS, child))


def _restart(scenario: FaultScenario, node: BrokerNode) -> None:
    if not node.child.running:
        node.begin_start()
    for service in scenario.services:
        if not service.child.running:
            service.start()


@contextmanager
def _uploading(scenario: FaultScenario, tally: Tally) -> Iterator[None]:
    """Clients of each API replica upload meanwhile; what got a 202 is in `scenario.accepted`."""
    stop = threading.Event()
    clients = [
        threading.Thread(target=_upload_until, args=(stop, scenario, lambda each=api: each.port, tally))
        for api in scenario.of("api")
    ]
    for client in clients:
        client.start()
    try:
        yield
    finally:
        stop.set()
        for client in clients:
            client.join(60)


def _upload_until(
    stop: threading.Event, scenario: FaultScenario, port: Callable[[], int], tally: Tally
) -> None:
    pictures = [photograph(*size) for size in _SIZES]
    with open_client(port()) as client:
        while not stop.wait(len(scenario.of("api")) / _UPLOADS_A_SECOND):
            picture = random.choice(pictures)
            try:
                answer = client.http.post("/upload", files={"file": ("a.jpg", picture)}, timeout=10)
            except httpx.TransportError:
                tally.uploads["unanswered"] += 1
                continue
            tally.uploads[str(answer.status_code)] += 1
            if answer.status_code == 202:
                scenario.accepted.append(answer.json()["image_id"])


def _run_handler(scenario: FaultScenario, tally: Tally) -> int:
    began = time.monotonic()
    found = _statuses(scenario)
    while set(found.values()) - {*FINAL, "lost"} and time.monotonic() < began + _END_WITHIN:
        time.sleep(1)
        found = _statuses(scenario)
    statuses = Counter(found.values())
    lost, stuck = statuses["lost"], sum(statuses[each] for each in ("uploaded", "processing"))
    print("uploads:", _told(tally.uploads))
    print(
        f"accepted {len(scenario.accepted)}, completed {statuses['completed']}, failed {statuses['failed']}, "
        f"lost {lost}, stuck {stuck}; the last had its end {time.monotonic() - began:.0f} s after the last kill"
    )
    for image_id in [each for each, status in found.items() if status == "failed"][:10]:
        status = scenario.user.status(image_id)
        print("failed:", image_id, status["error_code"], status["error"])
    if lost or stuck:
        return 1
    check(scenario)
    print("every end is announced, every output is there, and nothing lies about")
    return 0


def _statuses(scenario: FaultScenario) -> dict[str, str]:
    answers = {each: scenario.user.http.get(f"/status/{each}") for each in scenario.accepted}
    return {
        each: "lost" if answer.status_code == 404 else str(answer.json()["status"])
        for each, answer in answers.items()
    }


def _told(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items())) or "nothing"


if __name__ == "__main__":
    raise SystemExit(main())
