"""Start a worker: `python -m services.worker`."""

import os
from functools import partial

from common import lifecycle, log, settings
from common.errors import ConfigurationError
from services.worker import app, limits
from services.worker.settings import WorkerSettings


def main() -> int:
    """Read the settings, bound the process, run it; returns the exit code."""
    try:
        configured = settings.load(WorkerSettings, os.environ)
    except ConfigurationError as error:
        return lifecycle.refuse(error)
    log.configure("worker", configured.log_level)
    limits.limit_memory(configured.worker_memory_bytes)
    return lifecycle.run(partial(app.run, configured))


if __name__ == "__main__":
    # A thread that hangs in a decoder must not keep the process: no waiting for threads.
    lifecycle.leave(main())
