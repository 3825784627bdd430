"""A running system to be attacked, and what must be true of it whatever it was sent."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from tests.support.http.client import FINAL
from tests.support.ports import HOST
from tests.support.processes.services import Service
from tests.support.processes.stack import Stack, running_stack
from tests.support.waiting import wait_until

API_MEMORY: Final = 150 * 1024**2
WORKER_MEMORY: Final = 768 * 1024**2
_AT_ONCE: Final = 4
SETTINGS: Final[Mapping[str, str]] = {
    "WORKER_MEMORY_BYTES": str(WORKER_MEMORY),
    "RATE_LIMIT_PER_MINUTE": "0",
    "MAX_PENDING_PER_CLIENT": "0",
    "MAX_CONCURRENT_UPLOADS_PER_CLIENT": "1000",  # the slow ones stand for many clients
    "JOB_TIMEOUT_SECONDS": "60",
    "LOG_LEVEL": "warning",
}


@dataclass
class Outcomes:
    """What became of files: refused at upload and failed by code, completed; `ids` of the accepted, by name."""

    refused: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    completed: int = 0
    stuck: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)


class Target:
    """A stack under attack. It starts nothing again: a worker that ends is a worker lost."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._pids = {service.name: service.child.pid for service in stack.services}
        base = f"http://{HOST}:{stack.api.port}"
        self.http = httpx.Client(base_url=base, trust_env=False, timeout=60.0)

    def feed(self, files: Iterable[tuple[str, str, bytes]], *, within: float = 120.0) -> Outcomes:
        """Upload every (name, file name, bytes), and wait until each that was accepted has come to its end."""
        outcomes, lock = Outcomes(), threading.Lock()

        def send(file: tuple[str, str, bytes]) -> None:
            name, filename, data = file
            answer = self.http.post("/upload", files={"file": (filename, data, "image/jpeg")})
            with lock:
                _sort(outcomes, name, answer)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(send, files))
        self._wait(outcomes, within)
        return outcomes

    def _wait(self, outcomes: Outcomes, within: float) -> None:
        waiting = dict(outcomes.ids)

        def all_final() -> bool:
            for name, image_id in list(waiting.items()):
                view = self.http.get(f"/status/{image_id}").json()
                if view["status"] not in FINAL:
                    return False
                del waiting[name]
                outcomes.ends[name] = view["error_code"] or "completed"
            return True

        try:
            wait_until(all_final, "every accepted file has come to its end", within=within)
        except AssertionError:
            outcomes.stuck = list(waiting)
        outcomes.completed = sum(1 for end in outcomes.ends.values() if end == "completed")
        outcomes.failed = Counter(end for end in outcomes.ends.values() if end != "completed")

    @property
    def lost(self) -> list[str]:
        """The processes that ended, or were started again."""
        return [
            service.name
            for service in self.stack.services
            if not service.child.running or service.child.pid != self._pids[service.name]
        ]

    def peaks(self, kind: str) -> list[int]:
        """The most memory that each process of a kind had, in bytes."""
        return [_peak(service) for service in self.stack.of(kind)]

    def check(self) -> None:
        """Nobody died, nobody took more memory than it may, and the API is ready for the next."""
        assert not self.lost
        assert max(self.peaks("api")) < API_MEMORY, self.peaks("api")
        assert max(self.peaks("worker")) < WORKER_MEMORY, self.peaks("worker")
        assert self.stack.api.ready()

    def close(self) -> None:
        """Its client."""
        self.http.close()


@contextmanager
def running_target(folder: Path, amqp_url: str, *, workers: int = 2, **settings: str) -> Iterator[Target]:
    """A target whose processes are ready; ended, and its logs looked through, at the end."""
    made = {**SETTINGS, **settings}
    with running_stack(folder, amqp_url, workers=workers, notifications=0, **made) as stack:
        target = Target(stack)
        try:
            yield target
        finally:
            target.close()


def _peak(service: Service) -> int:
    return service.child.peak_memory_bytes() if service.child.running else 0


def _sort(outcomes: Outcomes, name: str, answer: httpx.Response) -> None:
    if answer.status_code == httpx.codes.ACCEPTED:
        outcomes.ids[name] = answer.json()["image_id"]
    elif answer.is_client_error:
        outcomes.refused[answer.json()["code"]] += 1
    else:
        outcomes.unexpected.append(f"{name}: {answer.status_code} {answer.text[:200]}")
