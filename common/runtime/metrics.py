"""The metrics every service keeps; names follow Prometheus' conventions, one registry a process."""

import asyncio
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)


def registry() -> CollectorRegistry:
    """Return a registry with what is known of any process: memory, CPU, open files, tasks, Python's version."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for every counter, that nobody asks for
    collectors = CollectorRegistry()
    ProcessCollector(registry=collectors)
    PlatformCollector(registry=collectors)
    Gauge("darkroom_tasks", "Tasks of the event loop.", registry=collectors).set_function(_tasks)
    return collectors


def _tasks() -> float:
    try:
        return float(len(asyncio.all_tasks()))
    except RuntimeError:  # asked where no loop runs
        return float("nan")


class ConnectionMetrics:
    """`darkroom_broker_connected`: 1 while the link stands, else 0, by link."""

    def __init__(self, collectors: CollectorRegistry) -> None:
        self._gauge = Gauge(
            "darkroom_broker_connected",
            "Whether the link to the broker stands.",
            ("link",),
            registry=collectors,
        )

    def watch(self, link: str, connected: Callable[[], bool]) -> None:
        """Ask `connected` at every scrape."""
        self._gauge.labels(link).set_function(lambda: float(connected()))
