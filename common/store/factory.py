"""Chooses the adapter by the store's URL, so that no service names one.

An adapter implements `common.store.protocols`.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from common.errors import ConfigurationError
from common.store.local.opening import open_local_stores
from common.store.protocols import Stores

StoreOpener = Callable[[], AbstractAsyncContextManager[Stores]]

_ALLOWED: Final = "allowed: file:///an/absolute/path"


def select_store(url: str, *, root: str) -> StoreOpener:
    """Return what opens the store at `url`, or in the folder `root` when `url` is empty.

    Raises ConfigurationError when the URL is none of a store.
    """
    folder = _folder(url) if url else Path(root)
    return lambda: open_local_stores(folder)


def _folder(url: str) -> Path:
    parts = urlsplit(url)
    if parts.scheme != "file":
        scheme = f"{parts.scheme}:" if parts.scheme else "no scheme"
        raise ConfigurationError(f"STORE_URL has {scheme}; {_ALLOWED}")
    if parts.netloc not in ("", "localhost") or len(parts.path) <= 1 or parts.query or parts.fragment:
        raise ConfigurationError(f"STORE_URL names no folder of this machine; {_ALLOWED}")
    return Path(unquote(parts.path))
