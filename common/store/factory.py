"""Opens the store on a local disk with threads of its own."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from common.store.local.catalog import LocalCatalog
from common.store.local.idempotency_keys import LocalIdempotencyKeys
from common.store.local.image_store import LocalStore
from common.store.local.layout import Layout
from common.store.local.thread_pool import Disk
from common.store.protocols import Catalog, IdempotencyKeys, Store

_THREADS: Final = 8  # waiting for fsync is all they do


@dataclass(frozen=True)
class Stores:
    """One store, by what one needs of it."""

    images: Store
    catalog: Catalog
    keys: IdempotencyKeys


@asynccontextmanager
async def open_local_stores(root: Path) -> AsyncIterator[Stores]:
    """The store under `root`, its folders made where they are missing."""
    executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="store")
    disk = Disk(Layout(root), executor)
    try:
        images = LocalStore(disk)
        await images.prepare()
        yield Stores(images, LocalCatalog(disk), LocalIdempotencyKeys(disk))
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


@asynccontextmanager
async def open_local_store(root: Path) -> AsyncIterator[Store]:
    """Only the images, for who needs no more."""
    async with open_local_stores(root) as stores:
        yield stores.images
