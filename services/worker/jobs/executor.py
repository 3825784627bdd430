"""Runs the transforms in threads of the worker's own, and gives up on the ones that never end."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from common.errors import DarkroomError, TimedOutError
from common.recipes.recipe import Recipe
from services.worker.pipeline.pipeline import PipelineResult

_LAST_MOMENT_SECONDS: Final = 1.0

Pipeline = Callable[[Path, Recipe, Callable[[], bool]], PipelineResult]
"""(source, recipe, cancelled) -> what was made; synchronous, asks `cancelled` between its steps."""


class PipelineExecutor:
    """Develops pictures with `pipeline` on `executor`, each within `timeout_seconds`."""

    def __init__(
        self, pipeline: Pipeline, executor: Executor, *, timeout_seconds: float, on_stuck: Callable[[], None]
    ) -> None:
        self._pipeline = pipeline
        self._executor = executor
        self._timeout = timeout_seconds
        self._on_stuck = on_stuck

    async def develop(self, source: Path, recipe: Recipe) -> PipelineResult:
        """What the recipe makes of the source. Raises PictureError, TimedOutError past the deadline.

        A thread cannot be killed: when one does not notice that it was cancelled, `on_stuck` is called, and the process
        must end once the result is written.
        """
        cancelled = threading.Event()
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._executor, _run, self._pipeline, source, recipe, cancelled.is_set)
        done, _ = await asyncio.wait([work], timeout=self._timeout)
        if done:
            made = work.result()
            if isinstance(made, DarkroomError):
                raise made
            return made
        cancelled.set()
        done, _ = await asyncio.wait([work], timeout=_LAST_MOMENT_SECONDS)
        if done:
            work.exception()  # retrieved: what it was no longer matters
        else:
            work.add_done_callback(lambda late: late.cancelled() or late.exception())
            self._on_stuck()
        raise TimedOutError(f"developing the picture took longer than {self._timeout:g} s")


def _run(
    pipeline: Pipeline, source: Path, recipe: Recipe, cancelled: Callable[[], bool]
) -> PipelineResult | DarkroomError:
    """What the pipeline makes, or the error it ends with, bare of where it was raised.

    A traceback holds the frames it went through, and they hold the decoded pictures: a few of those, kept until the
    next collection of garbage, and there is no memory left for anybody else's.
    """
    try:
        return pipeline(source, recipe, cancelled)
    except DarkroomError as error:
        bare = error
    bare.__traceback__ = bare.__cause__ = bare.__context__ = None
    return bare
