"""Start a worker: `python -m services.worker`."""

import os
from functools import partial

from common.errors import ConfigurationError
from common.runtime import lifecycle, logging_setup, settings
from common.runtime.resource_limits import limit_memory
from services.worker import app
from services.worker.settings import WorkerSettings


def main() -> int:
    """Read the settings, bound the process, run it; returns the exit code."""
    try:
        configured = settings.load(WorkerSettings, os.environ)
    except ConfigurationError as error:
        return lifecycle.exit_with_config_error(error)
    logging_setup.configure_logging("worker", configured.log_level)
    limit_memory(configured.worker_memory_bytes)
    return lifecycle.run(partial(app.run, configured))


if __name__ == "__main__":
    # A thread that hangs in a decoder must not keep the process: no waiting for threads.
    lifecycle.exit_now(main())
