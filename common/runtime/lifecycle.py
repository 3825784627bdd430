"""How a process lives: one event loop, a polite end on the first signal, an immediate one on the second."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, NoReturn, TypeVar, cast

import structlog
import uvicorn
import uvloop

from common.errors import ConfigurationError

EXIT_CONFIGURATION: Final = 78  # EX_CONFIG of sysexits.h
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger(__name__)

_T = TypeVar("_T")
Main = Callable[[asyncio.Event], Awaitable[int]]


class EmbeddedServer(uvicorn.Server):
    """A server inside a process that has its own life: signals belong to the process.

    Serves until `should_exit` is set. uvicorn's own handlers would raise the signal again once it has stopped.
    """

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run(main: Main) -> int:
    """Run `main` until it returns its exit code; the event it is given is set when the process is asked to stop.

    A ConfigurationError ends the process with its message alone.
    """
    try:
        return uvloop.run(_guard(main))
    except ConfigurationError as error:
        return exit_with_config_error(error)


def exit_with_config_error(error: ConfigurationError) -> int:
    """Say why the process cannot run; the exit code to end it with."""
    sys.stderr.write(f"darkroom: {error}\n")
    sys.stderr.flush()
    return EXIT_CONFIGURATION


async def run_until(stop: asyncio.Event, work: Awaitable[_T]) -> _T | None:
    """What `work` returns, or None when `stop` was set first; the work is then cancelled."""
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


async def _guard(main: Main) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, _on_signal, stop, number)
    try:
        return await main(stop)
    except BaseExceptionGroup as group:
        # A task group wraps what its tasks raise; a bad setting is still a bad setting.
        refused = group.subgroup(ConfigurationError)
        if refused is None:
            raise
        raise _first(refused) from None


def _on_signal(stop: asyncio.Event, number: signal.Signals) -> None:
    if stop.is_set():
        log.warning("process.leaving", signal=number.name)
        exit_now(128 + number)
    log.info("process.stopping", signal=number.name)
    stop.set()


def _first(group: BaseExceptionGroup[ConfigurationError]) -> ConfigurationError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return cast(ConfigurationError, error)
