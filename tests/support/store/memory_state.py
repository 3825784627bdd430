"""What the adapters of the store in memory share."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from common.model.records import Attempt, Manifest, Result
from common.store import IdempotencyRecord, PendingEvent
from common.store.disk.waiting_time import is_due


@dataclass
class Kept:
    """One image."""

    manifest: Manifest
    files: dict[str, bytes]
    attempt: Attempt | None = None
    result: Result | None = None
    attempts_before: int = 0
    failures: list[Result] = field(default_factory=list)


@dataclass
class Memory:
    """What the three adapters share. `fault` is raised by every operation while it is set."""

    images: dict[str, Kept] = field(default_factory=dict)
    incoming: dict[str, float] = field(default_factory=dict)
    unpublished: dict[str, float] = field(default_factory=dict)
    unfinished: dict[str, float] = field(default_factory=dict)
    events: dict[str, tuple[float, PendingEvent]] = field(default_factory=dict)
    keys: dict[str, tuple[float, IdempotencyRecord]] = field(default_factory=dict)
    free: int = 10**12
    redirect_url: str | None = None
    open_files: int = 0
    fault: Exception | None = None

    async def ask(self) -> None:
        """Let others run, as a disk would, and fail if it is to."""
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault


def oldest(touched: Mapping[str, float], older_than: timedelta) -> list[str]:
    """What has waited for longer than `older_than`, in order."""
    return sorted(name for name, at in touched.items() if is_due(at, older_than))
