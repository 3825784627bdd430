"""A proxy that tells a service's links apart: the one that consumes and the one that publishes."""

import asyncio
from contextlib import AbstractContextManager
from typing import Final, Literal

from tests.support.broker.proxy import Direction, Proxy, running

Link = Literal["consume", "publish"]
Rule = Literal["pass", "hold", "drop"]

# A client tells its connection's name in its second frame.
_HEAD_BYTES: Final = 2048
_EVERY_SECONDS: Final = 0.01


class LinkAwareProxy(Proxy):
    """A rule a link: `hold` keeps back what the service sends on it, `drop` resets it, as well as every new one."""

    def __init__(self, target_port: int) -> None:
        super().__init__(target_port)
        self._rules: dict[str, Rule] = {}

    def rule(self, link: Link, rule: Rule) -> None:
        """From now on, for the links that stand as well."""
        self._rules[link] = rule

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Direction) -> None:
        if way == "to_client":
            await super()._pump(reader, writer, way)
            return
        head = b""
        while data := await self._next(reader, head):
            head = (head + data)[:_HEAD_BYTES]
            while (rule := self._rule_of(head)) == "hold":  # noqa: ASYNC110 - set from another thread
                await asyncio.sleep(_EVERY_SECONDS)
            if rule == "drop":
                return
            await self._gates[way].wait()
            writer.write(data)
            await writer.drain()

    async def _next(self, reader: asyncio.StreamReader, head: bytes) -> bytes:
        """What comes next; nothing as soon as the link is to be dropped."""
        reading = asyncio.create_task(reader.read(65536))
        try:
            while not reading.done():
                await asyncio.wait([reading], timeout=_EVERY_SECONDS)
                if self._rule_of(head) == "drop":
                    return b""
            return reading.result()
        finally:
            reading.cancel()

    def _rule_of(self, head: bytes) -> Rule:
        named = (rule for link, rule in self._rules.items() if f"-{link}".encode() in head)
        return next(named, "pass")


def running_link_aware_proxy(target_port: int) -> AbstractContextManager[LinkAwareProxy]:
    """The same as `running_proxy`."""
    return running(LinkAwareProxy(target_port))
