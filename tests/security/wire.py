"""HTTP written byte by byte, and what every answer to it must be."""

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from tests.support.http.raw_http import BOUNDARY, FORM_TYPE
from tests.support.ports import HOST

SECONDS: Final = 40.0
_TELLING: Final = re.compile(
    rb"Traceback|site-packages|\.py\b|/tmp/|/usr/|/home/|root:x|services\.api", re.IGNORECASE
)


@dataclass(frozen=True)
class Reply:
    """One answer off the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The problem's code; nothing where there is no problem."""
        body: Any = msgspec.json.decode(self.body) if self.status >= 400 else {}
        return str(body.get("code", ""))


def request(method: str, path: str, *headers: str, body: bytes = b"", host: str = HOST) -> bytes:
    """A request after which the connection is over."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def form_of(*parts: bytes, headers: Sequence[str] = ()) -> bytes:
    """An upload of a form made of these parts, each with its head."""
    body = b"".join(b"--%b\r\n%b\r\n" % (BOUNDARY.encode(), part) for part in parts)
    body += b"--%b--\r\n" % BOUNDARY.encode()
    fields = (f"Content-Type: {FORM_TYPE}", f"Content-Length: {len(body)}", *headers)
    return request("POST", "/upload", *fields, body=body)


def converse(port: int, *pieces: bytes) -> list[Reply]:
    """Say all of it on one connection; what came back until the server closed it, which it must."""
    received = b""
    with socket.create_connection((HOST, port), timeout=SECONDS) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            while data := connection.recv(65536):
                received += data
        except (ConnectionResetError, BrokenPipeError):
            pass  # an answer before we were done, and then the end
    return replies(received)


def replies(received: bytes) -> list[Reply]:
    """The answers in a stream, each looked at; fails on whatever is none."""
    found = []
    while received:
        head, end, rest = received.partition(b"\r\n\r\n")
        assert end, received[:300]
        status_line, *lines = head.decode("latin-1").split("\r\n")
        assert re.fullmatch(r"HTTP/1\.1 \d{3} .*", status_line), status_line
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status, length = int(status_line.split()[1]), int(headers.get("content-length", "0"))
        found.append(Reply(status, headers, rest[:length]))
        received = rest[length:]
    for reply in found:
        look_at(reply)
    return found


def look_at(reply: Reply) -> None:
    """No failure of ours, nothing told that is nobody's business, and every refusal a problem in JSON."""
    if reply.status == 100:
        return
    assert reply.status < 500, reply
    assert "x-injected" not in reply.headers, reply
    told = repr(reply.headers).encode() + reply.body
    assert not _TELLING.search(told), reply
    assert reply.headers["x-content-type-options"] == "nosniff", reply
    assert "sandbox" in reply.headers["content-security-policy"], reply
    if reply.status >= 400 and reply.body:
        assert reply.headers["content-type"] == "application/problem+json", reply
        problem = msgspec.json.decode(reply.body)
        assert problem["status"] == reply.status
        assert problem["code"]
        assert problem["detail"]
