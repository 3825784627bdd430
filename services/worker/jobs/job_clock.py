"""Measures what a job itself takes: the processor time of its thread, apart from the time that it waits."""

import threading
import time
from collections.abc import Callable

CpuSeconds = Callable[[int], float]
"""(thread's identifier) -> the processor time in seconds that its work has taken since it started."""


def thread_cpu_seconds(thread: int) -> float:
    """Return the seconds of processor time that a living thread of this process has used."""
    return time.clock_gettime(time.pthread_getcpuclockid(thread))


class JobClock:
    """Measures the processor time of one job; the thread that does the job calls `start`."""

    def __init__(self, cpu_seconds: CpuSeconds) -> None:
        self._read = cpu_seconds
        self._thread: int | None = None
        self._before = 0.0

    def start(self) -> None:
        """Count from now on what the calling thread uses."""
        thread = threading.get_ident()
        self._before = self._read(thread)
        self._thread = thread

    def cpu_seconds(self) -> float:
        """Return the seconds of processor time since `start`, 0 before. Call it only while the job's thread lives."""
        return 0.0 if self._thread is None else self._read(self._thread) - self._before
