"""The watchdog: ends a process that has lost its connection for good, so that its supervisor starts it afresh.

A broker that is simply away is waited for: ending the process would not bring it back. Only when the broker takes a
fresh connection while ours stays dead is the process itself at fault.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from common.errors import ConnectionStalledError

log = structlog.get_logger(__name__)

_INTERVAL_SECONDS: Final = 1.0
_RECONNECT_GRACE_SECONDS: Final = 10.0


async def watch(
    is_connected: Callable[[], Awaitable[bool]],
    broker_accepts: Callable[[], Awaitable[bool]],
    *,
    grace_seconds: float,
) -> None:
    """Watch a connection until cancelled; what `is_connected` raises is passed on.

    Raises ConnectionStalledError after `grace_seconds` without the connection, if the broker accepts new ones.
    """
    loop = asyncio.get_running_loop()
    last_connected = loop.time()
    while True:
        await asyncio.sleep(min(_INTERVAL_SECONDS, grace_seconds / 2))
        if await is_connected():
            last_connected = loop.time()
        elif loop.time() - last_connected > grace_seconds:
            await _raise_if_stalled(is_connected, broker_accepts, loop.time() - last_connected)


async def _raise_if_stalled(
    is_connected: Callable[[], Awaitable[bool]],
    broker_accepts: Callable[[], Awaitable[bool]],
    seconds: float,
) -> None:
    if not await broker_accepts():
        log.warning("broker.unavailable", seconds=round(seconds))
        return
    # The broker may have come back this very moment: our own connection is given time to follow.
    await asyncio.sleep(_RECONNECT_GRACE_SECONDS)
    if not await is_connected():
        raise ConnectionStalledError(f"no connection for {seconds:.0f} s to a broker that accepts new ones")
