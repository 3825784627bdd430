"""Start a worker: `python -m services.worker`."""

import asyncio

from common.runtime import lifecycle
from common.runtime.entry_point import run_service
from common.runtime.lifecycle import limit_memory
from services.worker import app
from services.worker.settings import WorkerSettings


def main() -> int:
    """Run the process and return its exit code."""
    return run_service("worker", WorkerSettings, run)


async def run(settings: WorkerSettings, stop: asyncio.Event) -> int:
    """Bound the process's memory, work until `stop` is set, and return the exit code."""
    limit_memory(settings.worker_memory_bytes)
    return await app.run(settings, stop)


if __name__ == "__main__":
    # A thread that hangs in a decoder must not keep the process: no waiting for threads.
    lifecycle.exit_now(main())
