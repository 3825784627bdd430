"""Runs hundreds of clients that send one byte a second, beside one that uploads images.

`python -m tests.security.slow_clients --clients 500 --seconds 60` starts a system, attacks it and prints how long
uploads took.
"""

import argparse
import asyncio
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from common.runtime.lifecycle import raise_file_limit
from tests.security.target import Target, running_target
from tests.support.broker.node import BrokerNode
from tests.support.images.drawings import photograph
from tests.support.ports import HOST
from tests.support.waiting import wait_until

_HEAD: Final = b"POST /upload HTTP/1.1\r\nHost: x\r\nX-Slow: "
_BODY: Final = (
    b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
    b"Content-Length: 90000\r\n\r\n\xff\xd8\xff"
)


class SlowClients:
    """So many clients, half of which send a head slowly and half a body; one that is disconnected connects again."""

    def __init__(self, port: int, clients: int) -> None:
        self._port = port
        self._clients = clients
        self._connected: set[int] = set()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="slow clients")

    @property
    def connected(self) -> int:
        """The number of connections that are open at this moment."""
        return len(self._connected)

    def start(self) -> None:
        """Connect all at once."""
        self._thread.start()

    def stop(self) -> None:
        """Close all connections."""
        self._stopped.set()
        self._thread.join()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(self._clients):
                group.create_task(self._reconnect(number))

    async def _reconnect(self, number: int) -> None:
        while not self._stopped.is_set():
            with suppress(OSError):
                await self._send_slowly(number)
            self._connected.discard(number)

    async def _send_slowly(self, number: int) -> None:
        reader, writer = await asyncio.open_connection(HOST, self._port)
        try:
            writer.write(_HEAD if number % 2 else _BODY)
            self._connected.add(number)
            while not self._stopped.is_set():
                writer.write(b"x")
                await writer.drain()
                with suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        if not await reader.read(4096):
                            return
        finally:
            writer.close()


@contextmanager
def running_slow_clients(port: int, clients: int) -> Iterator[SlowClients]:
    """Yield slow clients that are all connected; close their connections at the end."""
    raise_file_limit()
    slow = SlowClients(port, clients)
    slow.start()
    try:
        wait_until(lambda: slow.connected == clients, "all slow clients are connected")
        yield slow
    finally:
        slow.stop()


def main(arguments: list[str]) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.security.slow_clients", description=__doc__)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="darkroom-slow-clients-")))
        node = BrokerNode(folder / "broker")
        stack.callback(node.close)
        node.start()
        target = stack.enter_context(running_target(folder, node.vhost().url))
        _measure(target, "alone", 5.0)
        with running_slow_clients(target.stack.api.port, options.clients) as slow:
            _measure(target, f"beside {slow.connected} slow clients", options.seconds)
    return 0


def _measure(target: Target, what: str, seconds: float) -> None:
    data, took, until = photograph(800, 600), [], time.monotonic() + seconds
    while time.monotonic() < until:
        started = time.monotonic()
        outcomes = target.feed([("a photograph", "photo.jpg", data)])
        assert outcomes.completed == 1, outcomes
        took.append((time.monotonic() - started) * 1000)
        time.sleep(0.2)
    middle, worst = statistics.median(took), max(took)
    sys.stdout.write(
        f"{what}: {len(took)} uploads until completed, median {middle:.0f} ms, slowest {worst:.0f} ms; "
        f"peak of the API {max(target.peaks('api')) // 1024**2} MiB\n"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
