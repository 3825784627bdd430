"""Opens the store on a local disk with threads of its own."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from common.store.base import Catalog, Keys, Store
from common.store.catalog import LocalCatalog
from common.store.disk import Disk
from common.store.keys import LocalKeys
from common.store.layout import Layout
from common.store.local import LocalStore

_THREADS: Final = 8  # waiting for fsync is all they do


@dataclass(frozen=True)
class Stores:
    """One store, by what one needs of it."""

    images: Store
    catalog: Catalog
    keys: Keys


@asynccontextmanager
async def open_local_stores(root: Path) -> AsyncIterator[Stores]:
    """The store under `root`, its folders made where they are missing."""
    executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="store")
    disk = Disk(Layout(root), executor)
    try:
        images = LocalStore(disk)
        await images.prepare()
        yield Stores(images, LocalCatalog(disk), LocalKeys(disk))
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


@asynccontextmanager
async def open_local_store(root: Path) -> AsyncIterator[Store]:
    """Only the images, for who needs no more."""
    async with open_local_stores(root) as stores:
        yield stores.images
