"""Deletes queues whose data the broker cannot open, as after a power cut; the monitor declares them again.

RabbitMQ 3.10 does not sync the folders of a quorum queue. After a power cut it may therefore list the queue, accept its
declaration, and close every connection that consumes from it with INTERNAL_ERROR. No message in such a queue can be
read again, while the store knows every unfinished image: a new, empty queue loses nothing that was not lost.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import aio_pika
import structlog
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from aiormq.exceptions import ConnectionInternalError

from common.broker.connection import CONNECT_TIMEOUT_SECONDS, end_task, really_cancelled
from common.broker.topology import Queue, Topology

log = structlog.get_logger(__name__)

_CHECK_SECONDS: Final = 5.0
# A queue that starts, or that changes its leader, may fail for a moment and must not be deleted for it.
_GRACE_SECONDS: Final = 20.0
_DELETE_TIMEOUT_SECONDS: Final = 30.0


class QueueRecovery:
    """Deletes the queues of `topology` that stay broken; the topology monitor declares them again.

    `is_consuming` tells whether all is well, so that the queues of a healthy process are never probed.
    """

    def __init__(self, url: str, topology: Topology, *, is_consuming: Callable[[], Awaitable[bool]]) -> None:
        self._url = url
        self._topology = topology
        self._is_consuming = is_consuming

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch for as long as the context lasts."""
        task = asyncio.create_task(self._run(), name="queue recovery")
        try:
            yield
        finally:
            await end_task(task)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        broken_since: float | None = None
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            broken = [] if await self._is_consuming() else await self._find_broken()
            if not broken:
                broken_since = None
            elif broken_since is None:
                broken_since = loop.time()
                log.error(
                    "queue.broken",
                    queues=[queue.name for queue in broken],
                    reason="INTERNAL_ERROR on consuming",
                )
            elif loop.time() - broken_since >= _GRACE_SECONDS:
                await self._delete_broken()
                broken_since = None

    async def _find_broken(self) -> list[Queue]:
        queues = self._topology.queues
        broken = await asyncio.gather(*(is_broken(self._url, queue) for queue in queues))
        return [queue for queue, is_one in zip(queues, broken, strict=True) if is_one]

    async def _delete_broken(self) -> None:
        for queue in self._topology.queues:
            # Asked just before, since another process may have replaced it while the one before was deleted.
            if await is_broken(self._url, queue) and await _delete(self._url, queue):
                log.error(
                    "queue.deleted",
                    queue=queue.name,
                    reason="the broker cannot open its data; it is declared again, and the store's unfinished images "
                    "are queued again",
                )


async def is_broken(url: str, queue: Queue) -> bool:
    """Return whether the broker lists the queue and answers INTERNAL_ERROR when somebody consumes from it."""

    async def consume(connection: AbstractConnection) -> None:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=1)
        found = await channel.get_queue(queue.name, ensure=False)
        # What is delivered meanwhile goes back to the queue when the connection is closed.
        await found.cancel(await found.consume(lambda _: asyncio.sleep(0)))

    try:
        await _use_connection(url, consume, seconds=CONNECT_TIMEOUT_SECONDS)
    except ConnectionInternalError:
        return True
    except (*CONNECTION_EXCEPTIONS, TimeoutError, asyncio.CancelledError):
        if really_cancelled():
            raise
    return False


async def _delete(url: str, queue: Queue) -> bool:
    async def delete(connection: AbstractConnection) -> None:
        channel = await connection.channel()
        await channel.queue_delete(queue.name)

    try:
        await _use_connection(url, delete, seconds=_DELETE_TIMEOUT_SECONDS)
    except (*CONNECTION_EXCEPTIONS, TimeoutError, asyncio.CancelledError) as error:
        if really_cancelled():
            raise
        log.warning("queue.not_deleted", queue=queue.name, error=type(error).__name__)
        return False
    return True


async def _use_connection(
    url: str, use: Callable[[AbstractConnection], Awaitable[None]], *, seconds: float
) -> None:
    """Run `use` on a connection of its own: a broken queue takes the connection with it."""
    async with asyncio.timeout(seconds):
        connection = await aio_pika.connect(url, timeout=CONNECT_TIMEOUT_SECONDS)
        async with connection:
            await use(connection)
