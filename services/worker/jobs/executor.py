"""Runs the pipeline in threads of the worker's own, and ends the jobs that take too much or do not go on."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from common.errors import DarkroomError, TimedOutError, TransientError
from common.recipes.recipe import Recipe
from services.worker.jobs.job_clock import CpuSeconds, JobClock, thread_cpu_seconds
from services.worker.pipeline.pipeline import PipelineResult

_TICK_SECONDS: Final = 0.1
# A process that was stopped for a minute finds a minute gone between two ticks, in which nobody worked.
_LONGEST_TICK_SECONDS: Final = 1.0
_CANCEL_SECONDS: Final = 1.0

Pipeline = Callable[[Path, Recipe, Callable[[], bool]], PipelineResult]
"""(source, recipe, cancelled) -> the result; synchronous, asks `cancelled` between its steps."""

_Work = asyncio.Future[PipelineResult | DarkroomError]


class JobStalledError(TransientError):
    """The job made no progress without using the processor: its disk or its machine stands still."""

    code = "job_stalled"


class PipelineExecutor:
    """Develops images with `pipeline` on the threads of `executor`.

    A job may take `timeout_seconds` of processor time, as `cpu_seconds` measures it for a thread, and may wait for
    `stall_seconds` beside that, for its file, a lock or its turn on the processor.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        executor: Executor,
        *,
        timeout_seconds: float,
        stall_seconds: float,
        on_stuck: Callable[[], None],
        cpu_seconds: CpuSeconds = thread_cpu_seconds,
    ) -> None:
        self._pipeline = pipeline
        self._executor = executor
        self._timeout = timeout_seconds
        self._stall = stall_seconds
        self._on_stuck = on_stuck
        self._cpu_seconds = cpu_seconds

    async def develop(self, source: Path, recipe: Recipe) -> PipelineResult:
        """Develop the image in `source` by the recipe.

        Raises ImageError, TimedOutError past the processor time, and TransientError: JobStalledError if the job waited
        too long. A thread cannot be killed: when one does not notice that it was cancelled, `on_stuck` is called, and
        the process must end once the job is recorded or put back.
        """
        cancelled, clock = threading.Event(), JobClock(self._cpu_seconds)
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(
            self._executor, _run, self._pipeline, source, recipe, cancelled.is_set, clock
        )
        overrun = await _watch(work, lambda awake: self._overrun(awake, clock))
        if overrun is not None:
            cancelled.set()
            await self._abandon(work)
            raise overrun
        result = work.result()
        if isinstance(result, DarkroomError):
            raise result
        return result

    def _overrun(self, awake: float, clock: JobClock) -> DarkroomError | None:
        """Return why a job that has run for `awake` seconds must end; None if it need not."""
        used = clock.cpu_seconds()
        if used > self._timeout:
            return TimedOutError(f"developing the image took more than {self._timeout:g} s of processor time")
        if awake - used > self._stall:
            return JobStalledError(f"the job waited for more than {self._stall:g} s without working")
        return None

    async def _abandon(self, work: _Work) -> None:
        """Give a cancelled job a moment to notice; what it still returns or raises is dropped."""
        late = await _watch(work, lambda awake: JobStalledError() if awake > _CANCEL_SECONDS else None)
        if late is None:
            work.exception()  # retrieved, so that asyncio does not log it
        else:
            work.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._on_stuck()


async def _watch(work: _Work, find_overrun: Callable[[float], DarkroomError | None]) -> DarkroomError | None:
    """Wait until the work is done (None), or until `find_overrun` returns an error for the seconds it has run.

    Seconds in which this process itself was stopped do not count.
    """
    awake, before = 0.0, time.monotonic()
    while True:
        done, _ = await asyncio.wait([work], timeout=_TICK_SECONDS)
        if done:
            return None
        now = time.monotonic()
        awake, before = awake + min(now - before, _LONGEST_TICK_SECONDS), now
        if error := find_overrun(awake):
            return error


def _run(
    pipeline: Pipeline, source: Path, recipe: Recipe, cancelled: Callable[[], bool], clock: JobClock
) -> PipelineResult | DarkroomError:
    """Return what the pipeline makes, or the error it ends with, without its traceback.

    A traceback holds the frames it went through, and they hold decoded images: a few of those, kept until the next
    garbage collection, leave no memory for other jobs.
    """
    clock.start()
    try:
        return pipeline(source, recipe, cancelled)
    except DarkroomError as error:
        stripped = error
    stripped.__traceback__ = stripped.__cause__ = stripped.__context__ = None
    return stripped
