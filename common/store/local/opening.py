"""Opens the store on a local disk with threads of its own."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from common.store.disk.layout import Layout
from common.store.disk.thread_pool import Disk
from common.store.local.catalog import LocalCatalog
from common.store.local.event_outbox import LocalEventOutbox
from common.store.local.idempotency_keys import LocalIdempotencyKeys
from common.store.local.image_store import LocalStore
from common.store.protocols import Stores

_THREADS: Final = 8  # waiting for fsync is all they do
_INSPECTION_THREADS: Final = 2  # they compute, and share one interpreter


@asynccontextmanager
async def open_local_stores(root: Path) -> AsyncIterator[Stores]:
    """Open the store under `root`, its folders made where they are missing."""
    executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="store")
    inspectors = ThreadPoolExecutor(_INSPECTION_THREADS, thread_name_prefix="inspection")
    disk = Disk(Layout(root), executor, inspectors)
    try:
        images = LocalStore(disk)
        await images.prepare()
        yield Stores(images, LocalCatalog(disk), LocalIdempotencyKeys(disk), LocalEventOutbox(disk))
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        inspectors.shutdown(wait=False, cancel_futures=True)
