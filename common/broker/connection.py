"""Opens robust connections: waits for a broker that is not there yet, and raises when it refuses us.

aio-pika reconnects a connection once it stood; the first connect is ours, since aio-pika would go on forever with
wrong credentials and always after the same pause.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aio_pika
import structlog
from aio_pika import RobustConnection
from aio_pika.abc import AbstractRobustConnection
from aio_pika.exceptions import (
    CONNECTION_EXCEPTIONS,
    AuthenticationError,
    IncompatibleProtocolError,
    ProbableAuthenticationError,
)
from aiormq.exceptions import ConnectionNotAllowed, InvalidFrameError
from yarl import URL

from common.errors import BrokerRefusedError

HEARTBEAT_SECONDS: Final = 10  # a dead peer is noticed after three missed ones: 33 s
RECONNECT_SECONDS: Final = 1.0
CONNECT_TIMEOUT_SECONDS: Final = 10.0
_CANCEL_AGAIN_SECONDS: Final = 0.5
_LONGEST_PAUSE: Final = 5.0  # so that a process is back within 10 s of the broker's return

_CLOSED_ON_OPEN: Final = 3  # times in a row: a broker that starts or stops may close once, too
_REFUSALS: Final = (AuthenticationError, ProbableAuthenticationError, ConnectionNotAllowed)

log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_connection(url: str, name: str) -> AsyncIterator[AbstractRobustConnection]:
    """Return an open connection, called `name` on the management page; waits for the broker as long as it takes.

    Raises BrokerRefusedError when the broker is there and does not want us.
    """
    connection = await _connect_patiently(url, name)
    log.info("broker.connected", connection=name, broker=without_password(url))
    try:
        yield connection
    finally:
        await _close(connection)


async def probe(url: str) -> bool:
    """Return whether the broker accepts a fresh connection right now."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
            connection = await aio_pika.connect(url, timeout=CONNECT_TIMEOUT_SECONDS)
            await connection.close()
    except (*CONNECTION_EXCEPTIONS, TimeoutError, asyncio.CancelledError):
        if really_cancelled():
            raise
        return False
    return True


def without_password(url: str) -> str:
    """Return the URL without its password, as it may be logged."""
    return str(URL(url).with_password(None).with_query(None))


async def _connect_patiently(url: str, name: str) -> AbstractRobustConnection:
    pause, closed = 0.25, 0
    while True:
        try:
            return await _connect(url, name)
        except _REFUSALS as error:
            raise _refused(url, error) from None
        except InvalidFrameError as error:
            # So aiormq tells that the broker closed when the virtual host was to be opened.
            closed += 1
            if closed == _CLOSED_ON_OPEN:
                raise _refused(url, error) from None
        except (*CONNECTION_EXCEPTIONS, TimeoutError, IncompatibleProtocolError) as error:
            log.warning(
                "broker.absent", connection=name, broker=without_password(url), error=type(error).__name__
            )
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter is no secret
        pause = min(pause * 2, _LONGEST_PAUSE)


def _refused(url: str, error: Exception) -> BrokerRefusedError:
    return BrokerRefusedError(
        f"the broker at {without_password(url)} refuses the connection: check the user, the password "
        f"and the virtual host in AMQP_URL ({type(error).__name__})"
    )


async def _connect(url: str, name: str) -> AbstractRobustConnection:
    tuned = URL(url).update_query(heartbeat=HEARTBEAT_SECONDS, reconnect_interval=str(RECONNECT_SECONDS))
    connection = RobustConnection(tuned, client_properties={"connection_name": name})
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
            await connection.connect(timeout=CONNECT_TIMEOUT_SECONDS)
    except BaseException:
        # A robust connection connects in a task of its own, which would go on trying when we have given up.
        await _close(connection)
        raise
    return connection


async def _close(connection: AbstractRobustConnection) -> None:
    """Close the connection, waiting for a broker that no longer answers for two seconds at most."""
    try:
        async with asyncio.timeout(2.0):
            await connection.close()
    except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
        log.debug("broker.close_failed", error=repr(error))


def really_cancelled() -> bool:
    """Return whether this task was cancelled: aiormq raises CancelledError as well when its peer does not answer."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def is_set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event; returns False when it was not set within `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


async def end_task(task: asyncio.Task[None]) -> None:
    """Cancel a task that calls the broker, and wait for its end.

    aiormq takes one cancellation of a call for the loss of its channel and swallows it: once is not always enough.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_CANCEL_AGAIN_SECONDS)
