"""The store: the only state there is. Small protocols; every adapter passes the same conformance test."""

from common.store.factory import StoreOpener, select_store
from common.store.protocols import (
    Catalog,
    EventOutbox,
    IdempotencyKeys,
    StagedUpload,
    Store,
    StoredFile,
    Stores,
)
from common.store.types import ORIGINAL, Backlog, IdempotencyRecord, PendingEvent

__all__ = [
    "ORIGINAL",
    "Backlog",
    "Catalog",
    "EventOutbox",
    "IdempotencyKeys",
    "IdempotencyRecord",
    "PendingEvent",
    "StagedUpload",
    "Store",
    "StoreOpener",
    "StoredFile",
    "Stores",
    "select_store",
]
