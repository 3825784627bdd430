"""The store: the only state there is. Small protocols; every adapter passes the same conformance test."""

from common.store.base import Backlog, Catalog, Keys, StagedUpload, Store, StoredFile
from common.store.keys import Claim
from common.store.local import LocalStore
from common.store.opening import Stores, open_local_store, open_local_stores

__all__ = [
    "Backlog",
    "Catalog",
    "Claim",
    "Keys",
    "LocalStore",
    "StagedUpload",
    "Store",
    "StoredFile",
    "Stores",
    "open_local_store",
    "open_local_stores",
]
