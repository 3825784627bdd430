"""The store: the only state there is. Small protocols; every adapter passes the same conformance test."""

from common.store.factory import Stores, open_local_store, open_local_stores
from common.store.local.idempotency_keys import IdempotencyRecord
from common.store.local.image_store import LocalStore
from common.store.protocols import (
    Backlog,
    Catalog,
    IdempotencyKeys,
    StagedUpload,
    Store,
    StoredFile,
)

__all__ = [
    "Backlog",
    "Catalog",
    "IdempotencyKeys",
    "IdempotencyRecord",
    "LocalStore",
    "StagedUpload",
    "Store",
    "StoredFile",
    "Stores",
    "open_local_store",
    "open_local_stores",
]
