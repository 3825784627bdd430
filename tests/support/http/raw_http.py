"""HTTP spoken by hand over a socket, for requests that no well-behaved client sends."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from tests.support.ports import HOST

BOUNDARY = "darkroom-boundary"
FORM_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
FORM_HEAD = (
    f"--{BOUNDARY}\r\n"
    'Content-Disposition: form-data; name="file"; filename="big.jpg"\r\n'
    "Content-Type: image/jpeg\r\n\r\n"
).encode()
FORM_TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
JPEG_MAGIC = b"\xff\xd8\xff\xe0"


@dataclass(frozen=True)
class Answer:
    """A status and the body that came with it."""

    status: int
    head: str
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)


class RawRequest:
    """One `POST /upload` on a connection of its own; use it as a context manager."""

    def __init__(self, port: int, *headers: str, path: str = "/upload") -> None:
        self._socket = socket.create_connection((HOST, port), timeout=20)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = [f"POST {path} HTTP/1.1", f"Host: {HOST}:{port}", *headers]
        self._socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")

    def __enter__(self) -> "RawRequest":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, pieces: Iterable[bytes]) -> int:
        """Send them all, whatever comes back meanwhile; how many bytes that was."""
        sent = 0
        for piece in pieces:
            self._socket.sendall(piece)
            sent += len(piece)
        return sent

    def send_until_answered(self, pieces: Iterable[bytes]) -> int:
        """Send until the first byte of an answer is there; how many bytes that was."""
        sent = 0
        for piece in pieces:
            self._socket.sendall(piece)
            sent += len(piece)
            if self._answered():
                break
        return sent

    def answer(self) -> Answer:
        """Read to the end of the answer."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        text = head.decode("latin-1")
        expected = next(
            (int(line[15:]) for line in text.lower().splitlines() if line.startswith("content-length:")), 0
        )
        while len(body) < expected:
            body += self._receive()
        return Answer(int(text.split()[1]), text, body)

    def reset(self) -> None:
        """Leave without a word, as a phone in a tunnel does."""
        linger_not_at_all = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not_at_all)
        self._socket.close()

    def _receive(self) -> bytes:
        data = self._socket.recv(65536)
        assert data, "the server closed the connection without a whole answer"
        return data

    def _answered(self) -> bool:
        self._socket.setblocking(False)
        try:
            return bool(self._socket.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return False
        finally:
            self._socket.settimeout(20)


def chunked(pieces: Iterable[bytes]) -> Iterable[bytes]:
    """The pieces in the chunked coding, with its end."""
    for piece in pieces:
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def form(size: int, beginning: bytes = JPEG_MAGIC, piece: int = 1024**2) -> Iterable[bytes]:
    """A form with one file of `size` bytes, its `beginning` and then zeros, made as it is sent."""
    yield FORM_HEAD
    yield beginning
    left, zeros = size - len(beginning), bytes(piece)
    while left > 0:
        yield zeros[:left] if left < piece else zeros
        left -= piece
    yield FORM_TAIL


def form_length(size: int) -> int:
    """The Content-Length of `form(size)`."""
    return len(FORM_HEAD) + size + len(FORM_TAIL)
