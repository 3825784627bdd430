"""A whole Darkroom: the API, workers and notifications on one store and one virtual host."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.http.client import Client, open_client
from tests.support.processes.services import Service
from tests.support.processes.variants import disturbed_service
from tests.support.waiting import wait_until

StackFactory = Callable[..., "Stack"]


class Stack:
    """Its processes, its client and its store. `settings` go to every process by the names of the environment.

    Of a `disturbed` stack the disk can stall and the clock step (tests.support.processes.disturbed).
    """

    def __init__(
        self, folder: Path, amqp_url: str, settings: dict[str, str], *, disturbed: bool = False
    ) -> None:
        self._build = disturbed_service if disturbed else Service
        self.folder = folder
        self.store = folder / "store"
        # Short waits: a test that must see an outage end does not want to wait for production's patience.
        self._settings = {
            "AMQP_URL": amqp_url,
            "STORE_ROOT": str(self.store),
            "LOG_LEVEL": "info",
            "PUBLISH_TIMEOUT_SECONDS": "2",
            "SHUTDOWN_GRACE_SECONDS": "10",
            **settings,
        }
        self.services: list[Service] = []

    def add(self, kind: str, **settings: str) -> Service:
        """Start one more process of a kind, with settings of its own."""
        number = sum(1 for service in self.services if service.kind == kind) + 1
        service = self._build(kind, f"{kind}-{number}", self.folder, {**self._settings, **settings})
        self.services.append(service)
        service.start()
        return service

    def of(self, kind: str) -> list[Service]:
        """All processes of a kind, in the order they were added."""
        return [service for service in self.services if service.kind == kind]

    @property
    def api(self) -> Service:
        """The first API."""
        return self.of("api")[0]

    @property
    def worker(self) -> Service:
        """The first worker."""
        return self.of("worker")[0]

    @property
    def notifications(self) -> Service:
        """The first notification service."""
        return self.of("notifications")[0]

    def wait_ready(self) -> None:
        """Wait for all of them."""
        for service in self.services:
            service.wait_ready()

    @contextmanager
    def client(self) -> Iterator[Client]:
        """A client of the first API."""
        with open_client(self.api.port) as client:
            yield client

    def settled(self, folder: str) -> bool:
        """Whether a folder of the store's root is empty."""
        return not any((self.store / folder).iterdir())

    def wait_nothing_left(self) -> None:
        """No upload half done, no job unpublished, no image unfinished."""
        for folder in ("incoming", "outbox", "unfinished"):
            wait_until(lambda name=folder: self.settled(name), f"{folder} is empty")  # type: ignore[misc]
        assert not list(self.store.rglob(".tmp-*")), "a temporary file was left"

    def close(self) -> None:
        """End all processes at once."""
        with ExitStack() as closing:
            for service in self.services:
                closing.callback(service.close)

    def check_logs(self) -> None:
        """A defect shows as a traceback in a log; every line must have been JSON as well."""
        for service in self.services:
            # The AMQP library warns with a traceback whenever a connection is cut, which is no surprise here.
            surprises = [line for line in service.log() if "exception" in line and line["level"] != "warning"]
            assert not surprises, (service.name, surprises[:3])
            assert "Traceback" not in service.complaints(), (service.name, service.complaints())


@contextmanager
def running_stack(
    folder: Path, amqp_url: str, *, workers: int = 1, notifications: int = 0, **settings: str
) -> Iterator[Stack]:
    """A stack with so many processes, all ready; ended, and its logs looked through, at the end."""
    stack = Stack(folder, amqp_url, settings)
    try:
        stack.add("api")
        for _ in range(workers):
            stack.add("worker")
        for _ in range(notifications):
            stack.add("notifications")
        stack.wait_ready()
        yield stack
        stack.check_logs()
    finally:
        stack.close()
