"""The watchdog: ends a process that has lost its link for good, so that its supervisor starts it afresh.

A broker that is simply away is waited for: ending the process would not bring it back. Only when the broker takes a
fresh connection while ours stays dead is the process itself at fault.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from common.errors import DarkroomError

log = structlog.get_logger(__name__)

_INTERVAL_SECONDS: Final = 1.0
_LAST_CHANCE_SECONDS: Final = 10.0


class ConnectionStalledError(DarkroomError):
    """The link stayed dead although the broker is there."""

    code = "stuck"


async def watch(
    alive: Callable[[], Awaitable[bool]],
    broker_answers: Callable[[], Awaitable[bool]],
    *,
    patience_seconds: float,
) -> None:
    """Never returns; raises StuckError after `patience_seconds` without the link, if the broker answers others."""
    loop = asyncio.get_running_loop()
    last_seen = loop.time()
    while True:
        await asyncio.sleep(min(_INTERVAL_SECONDS, patience_seconds / 2))
        if await alive():
            last_seen = loop.time()
        elif loop.time() - last_seen > patience_seconds:
            await _run_handler(alive, broker_answers, loop.time() - last_seen)


async def _run_handler(
    alive: Callable[[], Awaitable[bool]], broker_answers: Callable[[], Awaitable[bool]], seconds: float
) -> None:
    if not await broker_answers():
        log.warning("broker.away", seconds=round(seconds))
        return
    # It may have come back this very moment: our own link is given its chance.
    await asyncio.sleep(_LAST_CHANCE_SECONDS)
    if not await alive():
        raise ConnectionStalledError(f"no link to a broker that answers, for {seconds:.0f} s")
