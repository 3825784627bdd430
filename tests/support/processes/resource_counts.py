"""Counts the tasks, threads and open files of a service, which grow when something leaks."""

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
class ResourceCounts:
    """The counts of a process at one moment."""

    pid: int
    tasks: int
    threads: int
    files: int

    def grown(self, base: "ResourceCounts") -> bool:
        """Return whether there is more than in `base`, beyond what pools and clients explain."""
        return (
            self.tasks > base.tasks
            or self.threads > base.threads + _POOLS
            or self.files > base.files + _SOCKETS
        )


def count_resources(service: Service) -> ResourceCounts:
    """Return the service's counts now: tasks as it counts them itself, the others as the kernel does."""
    pid = service.child.pid
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    threads = next(line for line in status if line.startswith("Threads:"))
    return ResourceCounts(
        pid=pid,
        tasks=int(metric(service, "darkroom_tasks")),
        threads=int(threads.split()[1]),
        files=len(list(Path(f"/proc/{pid}/fd").iterdir())),
    )


def metric(service: Service, name: str) -> float:
    """Return the value of a metric, named with its labels as `/metrics` shows it; 0 for one that is not there yet."""
    page = httpx.get(f"http://{HOST}:{service.port}/metrics", trust_env=False, timeout=10).text
    found = (line.rsplit(" ", 1)[1] for line in page.splitlines() if line.rsplit(" ", 1)[0] == name)
    return float(next(found, "0"))
