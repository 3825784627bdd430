"""A Darkroom that a test hurts: its processes, one user, and a record of everything that was promised and announced."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from common.broker import topology
from tests.support.broker.vhost import Vhost
from tests.support.http.client import FINAL, Client, open_client
from tests.support.images.drawings import photograph
from tests.support.processes.marks import held
from tests.support.processes.resource_counts import ResourceCounts, count_resources
from tests.support.processes.services import Service
from tests.support.processes.stack import Stack
from tests.support.processes.variants import dying_service, faulty_worker
from tests.support.waiting import wait_until

ScenarioFactory = Callable[..., "FaultScenario"]

# What takes minutes or hours in production must be seen within a test.
_SETTINGS: Final = {"MAINTENANCE_SECONDS": "1", "STAGED_SECONDS": "2", "REQUEUE_SECONDS": "20"}
_AT_ONCE: Final = 8


@cache
def small() -> bytes:
    """An image that is developed in a moment."""
    return photograph(320, 240)


class FaultScenario(Stack):
    """A stack on a virtual host of its own. `user` uploads through the first API; `accepted` is what it was told."""

    def __init__(
        self, folder: Path, vhost: Vhost, amqp_url: str, settings: dict[str, str], *, disturbed: bool = False
    ) -> None:
        super().__init__(folder, amqp_url, {**_SETTINGS, **settings}, disturbed=disturbed)
        self.vhost = vhost
        self.accepted: list[str] = []
        self.deleted: set[str] = set()
        self.events: list[dict[str, Any]] = []
        self.base: dict[str, ResourceCounts] = {}
        self.mortal: list[Service] = []
        self._tap = vhost.tap(topology.EVENTS)
        self._closing = ExitStack()

    def start(self, workers: int, faulty_workers: int, notifications: int) -> None:
        """Start them all and wait until they are ready."""
        self.add("api")
        self.user: Client = self._closing.enter_context(open_client(self.api.port))
        for _ in range(workers):
            self.add("worker")
        for _ in range(faulty_workers):
            self.add_faulty_worker()
        for _ in range(notifications):
            self.add("notifications")
        self.wait_ready()
        self.base = {service.name: count_resources(service) for service in self.services}

    def add_faulty_worker(self, **settings: str) -> Service:
        """Start a worker that obeys the marks of tests.support.processes.marks."""
        return self._start(faulty_worker(self._name("worker"), self.folder, {**self._settings, **settings}))

    def add_dying(self, kind: str, step: str, **settings: str) -> Service:
        """Start a service that kills itself at a step (tests.support.processes.dying) and is not started again."""
        service = dying_service(kind, self._name(kind), self.folder, {**self._settings, **settings}, step)
        self.mortal.append(service)
        return self._start(service)

    def revive(self) -> None:
        """Start again what ended, as a supervisor would; at least one worker runs afterward."""
        for service in self.services:
            if not service.child.running and service not in self.mortal:
                service.start()
        if not any(worker.child.running for worker in self.of("worker")):
            self.add("worker")
        for service in self.services:
            if service.child.running:
                service.wait_ready()

    def upload(self, data: bytes | None = None) -> str:
        """The id of an accepted image."""
        image_id = self.user.upload(data or small())
        self.accepted.append(image_id)
        return image_id

    def upload_many(self, count: int, data: bytes | None = None) -> list[str]:
        """So many accepted images, some of them uploaded at the same time."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(lambda _: self.upload(data), range(count)))

    def upload_held(self, gate: Path) -> str:
        """An accepted image that a faulty worker has begun to decode, and goes on with once `gate` exists."""
        image_id = self.upload(held(small(), gate))
        self.user.wait_for(image_id, "processing")
        return image_id

    def delete(self, image_id: str) -> None:
        """Have the image deleted: from here on nothing of it may come back."""
        assert self.user.http.delete(f"/images/{image_id}").status_code == 204
        self.accepted.remove(image_id)
        self.deleted.add(image_id)

    def wait_final(self, *, within: float = 60.0) -> dict[str, str]:
        """The final status of everything accepted."""
        found: dict[str, str] = {}

        def all_final() -> bool:
            for image_id in (each for each in self.accepted if each not in found):
                status = self.user.status(image_id)["status"]
                if status not in FINAL:
                    return False
                found[image_id] = status
            return True

        wait_until(all_final, "every accepted image is finished", within=within)
        return found

    def wait_completed(self, *, within: float = 60.0) -> None:
        """Everything accepted is completed."""
        statuses = set(self.wait_final(within=within).values())
        assert statuses <= {"completed"}, statuses

    def attempts(self, image_id: str) -> int:
        """How often the image was attempted."""
        attempt: int = self.user.status(image_id)["details"]["attempt"]
        return attempt

    def bind_tap(self) -> None:
        """Have what listens to the events hear them again after their exchange was deleted."""
        self.vhost.bind(topology.EVENTS, self._tap)

    def final_events(self, image_id: str) -> list[str]:
        """The ids of all announcements of the image's end so far, in order, repeats included."""
        self.events += self.vhost.take_json(self._tap)
        final = {f"image.{status}" for status in FINAL}
        return [
            event["id"] for event in self.events if event["subject"] == image_id and event["type"] in final
        ]

    def holder(self, image_id: str) -> Service:
        """The worker that develops the image."""
        name: str = self.user.http.get(f"/images/{image_id}").json()["attempt"]["worker"]
        return next(each for each in self.of("worker") if name.endswith(f"-{each.child.pid}"))

    def close(self) -> None:
        self._closing.close()
        super().close()

    def _name(self, kind: str) -> str:
        return f"{kind}-{len(self.of(kind)) + 1}"

    def _start(self, service: Service) -> Service:
        self.services.append(service)
        service.start()
        return service


@contextmanager
def running_scenario(
    folder: Path,
    vhost: Vhost,
    *,
    amqp_url: str | None = None,
    workers: int = 1,
    faulty_workers: int = 0,
    notifications: int = 0,
    disturbed: bool = False,
    **settings: str,
) -> Iterator[FaultScenario]:
    """A scenario whose processes are ready; ended at once when the context ends."""
    scenario = FaultScenario(folder, vhost, amqp_url or vhost.url, settings, disturbed=disturbed)
    try:
        scenario.start(workers, faulty_workers, notifications)
        yield scenario
    finally:
        scenario.close()
