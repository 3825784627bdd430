"""How many tasks, threads and open files a service has: what a leak makes grow."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from tests.support.ports import HOST
from tests.support.processes.services import Service

# Pools start their threads when they are needed and keep them: eight for the store, and one for each file that is
# served at the same time.
_POOLS: Final = 16
# Connections of clients that have not been closed yet.
_SOCKETS: Final = 8


@dataclass(frozen=True)
class Census:
    """A process at one moment."""

    pid: int
    tasks: int
    threads: int
    files: int

    def grown(self, base: "Census") -> bool:
        """Whether there is more than there was, beyond what pools and clients explain."""
        return (
            self.tasks > base.tasks
            or self.threads > base.threads + _POOLS
            or self.files > base.files + _SOCKETS
        )


def take_census(service: Service) -> Census:
    """The service's figures now: tasks as it counts them itself, the others as the kernel does."""
    pid = service.child.pid
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    threads = next(line for line in status if line.startswith("Threads:"))
    return Census(
        pid=pid,
        tasks=int(metric(service, "darkroom_tasks")),
        threads=int(threads.split()[1]),
        files=len(list(Path(f"/proc/{pid}/fd").iterdir())),
    )


def metric(service: Service, name: str) -> float:
    """The value of a metric, named with its labels as `/metrics` shows it; 0 for one that is not there yet."""
    page = httpx.get(f"http://{HOST}:{service.port}/metrics", trust_env=False, timeout=10).text
    found = (line.rsplit(" ", 1)[1] for line in page.splitlines() if line.rsplit(" ", 1)[0] == name)
    return float(next(found, "0"))
