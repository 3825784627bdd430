"""What goes wrong during a soak: processes, topology, foreign queues, disk and clock, each at random."""

import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import httpx

from common.broker import topology
from tests.soak.uploads import Uploads
from tests.support.broker.node import BrokerNode
from tests.support.fault_scenario import FaultScenario
from tests.support.http.client import FINAL
from tests.support.processes.disturbed import CLOCK, STALL
from tests.support.waiting import wait_until

_FROZEN_SECONDS: Final = 3.0
_STALLED_SECONDS: Final = 6.0
_FULL_SECONDS: Final = 10.0
_CLOCK_STEPS: Final = (-3600.0, -5.0, 0.0, 5.0, 3600.0)
_QUIET_WITHIN: Final = 20.0


class Strikes:
    """Strikes at random, undoes what must be undone, and starts again whatever has ended, as a supervisor would."""

    def __init__(
        self, scenario: FaultScenario, node: BrokerNode, uploads: Uploads, chance: random.Random
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._scenario = scenario
        self._node = node
        self._uploads = uploads
        self._chance = chance
        self._undo: list[tuple[float, Callable[[], None]]] = []

    def run(self, *, seconds: float, every_seconds: float) -> None:
        """Strike until the time is over; afterward all runs, on a sound disk and with the right clock."""
        end, next_strike = time.monotonic() + seconds, time.monotonic() + every_seconds
        while time.monotonic() < end:
            time.sleep(0.2)
            self._undo_due(time.monotonic())
            if time.monotonic() >= next_strike:
                next_strike = time.monotonic() + every_seconds
                self._strike()
            self._restart()
        self._restore()

    def _restore(self) -> None:
        if not self._node.child.running:
            self._node.begin_start()
        wait_until(self._undone, "the broker answers, and all that was disturbed is as before", within=60)
        for service in self._scenario.services:
            (service.disturbances / CLOCK).unlink(missing_ok=True)
        self._scenario.revive()

    def _undone(self) -> bool:
        self._undo_due(float("inf"))
        return not self._undo and self._node.management.answers("overview")

    def _strike(self) -> None:
        kinds = {
            self._hurt_process: 12,
            self._delete_queue: 3,
            self._delete_binding: 2,
            self._delete_exchange: 1,
            self._fill_foreign_queue: 3,
            self._stall_disk: 3,
            self._step_clock: 3,
        }
        (strike,) = self._chance.choices(list(kinds), list(kinds.values()))
        try:
            self.counts[strike()] += 1
        except OSError:  # the broker's management does not answer at this moment
            self.counts["missed"] += 1

    def _hurt_process(self) -> str:
        victims = {"broker": self._node.child} | {each.name: each.child for each in self._scenario.services}
        name = self._chance.choice(sorted(name for name, child in victims.items() if child.running))
        child, way = victims[name], self._chance.choices(("kill", "stop", "freeze"), (6, 2, 2))[0]
        if way == "kill":
            child.kill()
        elif way == "stop":
            child.terminate()
        else:
            child.freeze()
            self._later(_FROZEN_SECONDS, child.thaw)
        return f"{way} {name.rstrip('-0123456789')}"

    def _delete_queue(self) -> str:
        ours = (topology.JOBS, topology.DEAD, topology.NOTIFICATIONS)
        found = sorted(each for each in self._scenario.vhost.queues() if each.startswith(ours))
        self._scenario.vhost.delete_queue(self._chance.choice(found))
        return "delete a queue"

    def _delete_binding(self) -> str:
        vhost = self._scenario.vhost
        exchange, queue = self._chance.choice(
            [(topology.EVENTS, topology.NOTIFICATIONS), (topology.DEAD, topology.DEAD)]
        )
        vhost.management.call("DELETE", "bindings", vhost.name, "e", exchange, "q", queue, "~")
        return "delete a binding"

    def _delete_exchange(self) -> str:
        """Delete it while nothing is announced: what binds to it anew could miss an event of the moment between."""
        vhost = self._scenario.vhost
        if self._chance.random() < 0.5:
            vhost.management.call("DELETE", "exchanges", vhost.name, topology.DEAD)
            return "delete an exchange"
        with self._uploads.paused():
            if not self._becomes_quiet():
                return "missed"
            vhost.management.call("DELETE", "exchanges", vhost.name, topology.EVENTS)
            wait_until(
                self._events_exchange_stands, "a service declares the events' exchange again", within=30
            )
            self._scenario.bind_tap()
        return "delete the events' exchange"

    def _fill_foreign_queue(self) -> str:
        vhost, name = self._scenario.vhost, f"foreign-{self._chance.randrange(10**6)}"
        vhost.add_full_queue(name, bound_to=topology.EVENTS)
        self._later(_FULL_SECONDS, lambda: vhost.delete_queue(name))
        return "full foreign queue"

    def _stall_disk(self) -> str:
        service = self._chance.choice(self._scenario.services)
        path = service.disturbances / STALL
        path.touch()
        self._later(_STALLED_SECONDS, lambda: path.unlink(missing_ok=True))
        return f"stall the disk of {service.kind}"

    def _step_clock(self) -> str:
        service = self._chance.choice(self._scenario.services)
        (service.disturbances / CLOCK).write_text(str(self._chance.choice(_CLOCK_STEPS)))
        return f"step the clock of {service.kind}"

    def _becomes_quiet(self) -> bool:
        deadline = time.monotonic() + _QUIET_WITHIN
        while time.monotonic() < deadline:
            self._undo_due(time.monotonic())
            self._restart()
            with suppress(httpx.TransportError):
                answer = self._scenario.user.http.get("/images", params={"limit": "200"})
                if answer.status_code == 200 and _all_final(answer.json()["images"]):
                    return True
            time.sleep(0.5)
        return False

    def _events_exchange_stands(self) -> bool:
        self._restart()
        vhost = self._scenario.vhost
        return vhost.management.answers("exchanges", vhost.name, topology.EVENTS)

    def _later(self, seconds: float, undo: Callable[[], None]) -> None:
        self._undo.append((time.monotonic() + seconds, undo))

    def _undo_due(self, now: float) -> None:
        for each in [each for each in self._undo if each[0] <= now]:
            with suppress(OSError):  # the broker is away: again in the next round
                each[1]()
                self._undo.remove(each)

    def _restart(self) -> None:
        if not self._node.child.running:
            self._node.begin_start()
        for service in self._scenario.services:
            if not service.child.running:
                service.start()


def _all_final(images: list[dict[str, Any]]) -> bool:
    return {image["status"] for image in images} <= set(FINAL)
