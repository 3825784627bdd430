"""Runs the file system's work in threads of the store's own; short reads share a thread hop, which costs more."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final, TypeVar

from common.store.disk.durable_files import to_transient_error
from common.store.disk.layout import Layout

_T = TypeVar("_T")

_BATCH: Final = 8  # for a hop of their own: on a slow disk nobody must wait for too many

_Outcome = tuple[Any, BaseException | None]


class BatchingExecutor:
    """Runs work in threads: a hop takes all that waits, and starts when none is under way or a batch is complete."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._waiting: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []
        self._under_way = 0

    async def run(self, work: Callable[[], _T]) -> _T:
        """Return what `work` returns; it should never take long, since others wait for it."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = loop.create_future()
        self._waiting.append((work, future))
        if len(self._waiting) == _BATCH or (len(self._waiting) == 1 and not self._under_way):
            # Not at once: what else is asked for in this turn of the loop comes along.
            loop.call_soon(self._dispatch, loop)
        return await future

    def _dispatch(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._waiting:
            return
        works, futures = zip(*self._waiting, strict=True)
        self._waiting = []
        try:
            hop = loop.run_in_executor(self._executor, _outcomes, works)
        except RuntimeError:  # the threads are gone: the process ends
            _cancel(futures)
            return
        self._under_way += 1
        hop.add_done_callback(partial(self._return, loop, futures))

    def _return(
        self,
        loop: asyncio.AbstractEventLoop,
        futures: tuple[asyncio.Future[Any], ...],
        hop: asyncio.Future[list[_Outcome]],
    ) -> None:
        self._under_way -= 1
        _resolve(futures, hop)
        self._dispatch(loop)


def _outcomes(works: tuple[Callable[[], Any], ...]) -> list[_Outcome]:
    return [_outcome(work) for work in works]


def _outcome(work: Callable[[], Any]) -> _Outcome:
    try:
        return work(), None
    except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
        return None, error


def _resolve(futures: tuple[asyncio.Future[Any], ...], hop: asyncio.Future[list[_Outcome]]) -> None:
    if hop.cancelled():
        _cancel(futures)
        return
    for future, (value, error) in zip(futures, hop.result(), strict=True):
        if future.done():
            continue  # the caller has gone
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)


def _cancel(futures: tuple[asyncio.Future[Any], ...]) -> None:
    for future in futures:
        future.cancel()


@dataclass(frozen=True)
class Disk:
    """The folders under one root, the threads that wait for them, and those that inspect what arrived."""

    layout: Layout
    executor: Executor
    inspectors: Executor

    async def run(self, work: Callable[[], _T]) -> _T:
        """Return what `work`, run in a thread, returns; what the file system raises becomes a TransientError."""
        return await self._run_in(self.executor, work)

    async def inspect(self, work: Callable[[], _T]) -> _T:
        """Do the same for work that computes: in threads of its own, so that nothing waits for it but its like."""
        return await self._run_in(self.inspectors, work)

    async def _run_in(self, executor: Executor, work: Callable[[], _T]) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, work)
        except OSError as error:
            raise to_transient_error(error) from error

    async def run_batched(self, work: Callable[[], _T]) -> _T:
        """Do the same for work that reads a little and writes nothing: it shares its thread hop with others."""
        try:
            return await self._batches.run(work)
        except OSError as error:
            raise to_transient_error(error) from error

    @cached_property
    def _batches(self) -> BatchingExecutor:
        """Where short reads share a thread hop."""
        return BatchingExecutor(self.executor)
