"""Work on the disk: every piece one trip to a thread of the store's own pool, never the loop's default one."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from common.errors import StoreUnavailableError
from common.store.files import storage_errors
from common.store.layout import Layout

_T = TypeVar("_T")


@dataclass(frozen=True)
class Disk:
    """The folders under one root, and the threads that wait for them."""

    layout: Layout
    executor: Executor

    async def run(self, work: Callable[[], _T]) -> _T:
        """What `work` returns; what the file system raises becomes a SurroundingsError."""
        with storage_errors():
            try:
                return await asyncio.get_running_loop().run_in_executor(self.executor, work)
            except FileNotFoundError as error:
                raise StoreUnavailableError("the store's folders are missing") from error
