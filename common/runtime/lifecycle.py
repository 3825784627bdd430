"""The life of a process: one event loop, an orderly end on the first signal, an immediate one on the second."""

import asyncio
import contextlib
import os
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, NoReturn, TypeVar, cast

import structlog
import uvicorn
import uvloop

from common.errors import ConfigurationError, ConnectionStalledError, DarkroomError

EXIT_CONFIGURATION: Final = 78  # EX_CONFIG of sysexits.h: starting again does not help
EXIT_TEMPFAIL: Final = 75  # EX_TEMPFAIL of sysexits.h: start again
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger(__name__)

_T = TypeVar("_T")
Main = Callable[[asyncio.Event], Awaitable[int]]


class EmbeddedServer(uvicorn.Server):
    """An HTTP server in a process that handles its signals itself; serves until `should_exit` is set.

    uvicorn's own handlers would raise the signal again once it has stopped.
    """

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process."""
        yield


def run(main: Main) -> int:
    """Run `main` until it returns its exit code; the event it is given is set when the process is asked to stop.

    A ConfigurationError ends the process with its message alone, a ConnectionStalledError with a line in the log.
    """
    try:
        return uvloop.run(_run_with_signals(main))
    except ConfigurationError as error:
        return exit_with_config_error(error)
    except ConnectionStalledError as error:
        log.error("service.stalled", reason=str(error))
        return EXIT_TEMPFAIL


async def serve_until(stop: asyncio.Event, server: EmbeddedServer) -> int:
    """Serve HTTP until `stop` is set; returns the exit code: 1 when the server could not start."""

    async def request_exit() -> None:
        await stop.wait()
        server.should_exit = True

    stopping = asyncio.create_task(request_exit())
    try:
        await server.serve()
    finally:
        stopping.cancel()
    return 0 if server.started else 1


def exit_with_config_error(error: ConfigurationError) -> int:
    """Write to standard error, in one line, why the process cannot run; returns the exit code to end it with."""
    sys.stderr.write(f"darkroom: {error}\n")
    sys.stderr.flush()
    return EXIT_CONFIGURATION


async def run_until(stop: asyncio.Event, work: Awaitable[_T]) -> _T | None:
    """Return what `work` returns, or None when `stop` was set first; the work is then cancelled."""
    task = asyncio.ensure_future(work)
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for leftover in (task, stopped):
            leftover.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)


def exit_now(code: int) -> NoReturn:
    """End the process at this instruction: threads that cannot be cancelled die with it."""
    sys.stdout.flush()
    os._exit(code)


async def _run_with_signals(main: Main) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, _on_signal, stop, number)
    try:
        return await main(stop)
    except BaseExceptionGroup as group:
        # A task group wraps what its tasks raise; a bad setting is still a bad setting.
        expected = group.subgroup((ConfigurationError, ConnectionStalledError))
        if expected is None:
            raise
        raise _first(expected) from None


def _on_signal(stop: asyncio.Event, number: signal.Signals) -> None:
    if stop.is_set():
        log.warning("process.exiting", signal=number.name)
        exit_now(128 + number)
    log.info("process.stopping", signal=number.name)
    stop.set()


def _first(group: BaseExceptionGroup[DarkroomError]) -> DarkroomError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return cast(DarkroomError, error)


def raise_file_limit() -> None:
    """Raise the limit of open files to the hard one: the usual 1024 is a few hundred clients with an upload each."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def limit_memory(limit_bytes: int) -> None:
    """Bound the address space of this process, so that a bomb is a MemoryError in one job; 0 leaves it unbounded."""
    if limit_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
