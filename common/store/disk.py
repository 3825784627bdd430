"""Work on the disk: every piece one trip to a thread of the store's own pool, never the loop's default one."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from common.store.files import surroundings_error
from common.store.layout import Layout
from common.store.together import Together

_T = TypeVar("_T")


@dataclass(frozen=True)
class Disk:
    """The folders under one root, and the threads that wait for them."""

    layout: Layout
    executor: Executor

    async def run(self, work: Callable[[], _T]) -> _T:
        """What `work` returns; what the file system raises becomes a SurroundingsError."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self.executor, work)
        except OSError as error:
            raise surroundings_error(error) from error

    async def look(self, work: Callable[[], _T]) -> _T:
        """The same for work that reads a little and writes nothing: it shares its trip with others."""
        try:
            return await self.together.run(work)
        except OSError as error:
            raise surroundings_error(error) from error

    @cached_property
    def together(self) -> Together:
        """What shares trips."""
        return Together(self.executor)
