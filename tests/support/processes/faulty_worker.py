"""A worker that crashes, hangs or waits on images marked so (tests.support.processes.marks); else a real one."""

import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from common.recipes.recipe import Recipe
from common.runtime import lifecycle, logging_setup, settings
from common.runtime.lifecycle import limit_memory
from services.worker import app
from services.worker.jobs.executor import Pipeline
from services.worker.pipeline.pipeline import PipelineResult
from services.worker.settings import WorkerSettings
from tests.support.processes.marks import fault_in

_HELD_SECONDS = 120.0


def faulty(pipeline: Pipeline) -> Pipeline:
    """The same pipeline, with the faults that images ask for before their decoding."""

    def run(source: Path, recipe: Recipe, cancelled: Callable[[], bool]) -> PipelineResult:
        match fault_in(_bytes(source)):
            case ("crash", _):
                os.kill(os.getpid(), signal.SIGSEGV)
            case ("hang", _):
                while True:
                    pass
            case ("stall", _):
                threading.Event().wait()
            case ("hold", gate):
                _wait_for(Path(gate))
        return pipeline(source, recipe, cancelled)

    return run


def _bytes(source: Path) -> bytes:
    """Nothing of an image that was deleted this very moment: the real pipeline is to find that out."""
    try:
        return source.read_bytes()
    except FileNotFoundError:
        return b""


def _wait_for(gate: Path) -> None:
    deadline = time.monotonic() + _HELD_SECONDS
    while not gate.exists() and time.monotonic() < deadline:
        time.sleep(0.01)


def main() -> int:
    """What services.worker does, with another pipeline."""
    configured = settings.load(WorkerSettings, os.environ)
    logging_setup.configure_logging("worker", configured.log_level)
    limit_memory(configured.worker_memory_bytes)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return lifecycle.run(
        partial(app.run, configured, adapt=faulty, forkserver="tests.support.processes.faulty_decoder")
    )


if __name__ == "__main__":
    lifecycle.exit_now(main())
