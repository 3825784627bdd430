"""A TCP proxy between a service and the broker that can cut, refuse, stall and delay what passes."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal, TypeVar

from tests.support.ports import HOST, free_port

Direction = Literal["to_broker", "to_client"]

_Proxy = TypeVar("_Proxy", bound="Proxy")


class Proxy:
    """Runs in a thread of its own, so that tests of either kind may order it about; made by `running_proxy`."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self._target = target_port
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._links: set[asyncio.Task[None]] = set()
        self._gates: dict[Direction, asyncio.Event] = {
            "to_broker": asyncio.Event(),
            "to_client": asyncio.Event(),
        }
        self._delay = 0.0

    def cut(self) -> None:
        """Reset every connection; new ones are taken."""
        self._order(self._cut)

    def refuse(self) -> None:
        """Reset every connection and take no new ones."""
        self._order(self._refuse)

    def accept(self) -> None:
        """Take connections again."""
        self._order(self._listen)

    def stall(self, *directions: Direction) -> None:
        """Keep connections, but let nothing pass; both ways when none is named."""
        self._order(self._set_gates, directions or ("to_broker", "to_client"), False)

    def resume(self) -> None:
        """Let everything pass, what was held back first."""
        self._order(self._set_gates, ("to_broker", "to_client"), True)

    def delay(self, seconds: float) -> None:
        """Hold every piece for so long in each direction."""
        self._delay = seconds

    @property
    def connections(self) -> int:
        """How many stand."""
        return len(self._links)

    def _order(self, work: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> None:
        asyncio.run_coroutine_threadsafe(work(*arguments), self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, HOST, self.port)

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._cut()

    async def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def _set_gates(self, directions: tuple[Direction, ...], is_open: bool) -> None:
        for direction in directions:
            gate = self._gates[direction]
            gate.set() if is_open else gate.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of ours: the one this runs in is the server's, which reports its cancellation as an error.
        link = asyncio.create_task(self._link(reader, writer))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            beyond_reader, beyond = await asyncio.open_connection(HOST, self._target)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(beyond)
        try:
            pumps = [
                asyncio.create_task(self._pump(reader, beyond, "to_broker")),
                asyncio.create_task(self._pump(beyond_reader, writer, "to_client")),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            for each in (writer, beyond):
                each.transport.abort()
                self._writers.discard(each)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Direction) -> None:
        while data := await reader.read(65536):
            await asyncio.sleep(self._delay)
            await self._gates[way].wait()
            writer.write(data)
            await writer.drain()

    def run(self) -> None:
        """The thread's body."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def close(self) -> None:
        """End every connection and the loop."""
        self._order(self._refuse)
        self._loop.call_soon_threadsafe(self._loop.stop)


def running_proxy(target_port: int) -> AbstractContextManager[Proxy]:
    """A proxy to `target_port` of this machine for as long as the context lasts."""
    return running(Proxy(target_port))


@contextmanager
def running(proxy: _Proxy) -> Iterator[_Proxy]:
    """The proxy, which runs in its thread for as long as the context lasts."""
    thread = threading.Thread(target=proxy.run, name=type(proxy).__name__)
    thread.start()
    try:
        proxy.accept()
        proxy.resume()
        yield proxy
    finally:
        proxy.close()
        thread.join(10)
        proxy._loop.close()
