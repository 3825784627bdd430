"""A light HTTP client: prepared bytes on kept connections, so that the client costs as little as it can."""

import asyncio
import json
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from tests.support.ports import HOST

BOUNDARY = "darkroom-bench"


def get(path: str) -> bytes:
    """The bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


def form(data: bytes, path: str = "/upload") -> bytes:
    """The bytes of an upload as a browser's form sends it."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    ).encode()
    body = head + data + f"\r\n--{BOUNDARY}--\r\n".encode()
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: bench",
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Link:
    """One connection, one request at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(HOST, self._port, limit=2**22)
        self._writer.write(request)
        await self._writer.drain()
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        lower = head.lower()
        at = lower.find(b"content-length:")
        length = int(lower[at + 15 : lower.find(b"\r\n", at)]) if at > 0 else 0
        return status, await self._reader.readexactly(length) if length else b""

    def close(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()


async def ask_all(port: int, requests: Sequence[bytes], links: int) -> tuple[list[bytes], list[float]]:
    """The answers' schemas in the requests' order, and the seconds each took, over so many connections."""
    schemas: list[bytes] = [b""] * len(requests)
    seconds = [0.0] * len(requests)
    numbers = iter(range(len(requests)))

    async def work() -> None:
        link = Link(port)
        try:
            for number in numbers:
                began = perf_counter()
                status, schemas[number] = await link.ask(requests[number])
                seconds[number] = perf_counter() - began
                assert status < 300, (status, schemas[number][:300])
        finally:
            link.close()

    await asyncio.gather(*(work() for _ in range(links)))
    return schemas, seconds


def id_of(body: bytes) -> str:
    """The image's id in the answer to an upload."""
    answer: dict[str, Any] = json.loads(body)
    image_id: str = answer["image_id"]
    return image_id
