"""Offers of another protocol are ignored, and the Host field is as RFC 9112 demands."""

from typing import Any

import httptools
import pytest

from services.api.server.request_head import UpgradeIgnoringParser, find_host_fault

HEAD = (
    b"POST /upload?a=b HTTP/1.1\r\nHost: x\r\nConnection: %b\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
)
NEXT = b"GET /x HTTP/1.1\r\nHost: y\r\n\r\n"


class Recorder:
    """What a protocol does with the parser's callbacks."""

    def __init__(self) -> None:
        self.parser = UpgradeIgnoringParser(self)
        self.seen: list[Any] = []
        self.on_message_begin()

    def on_message_begin(self) -> None:
        self.url = self.body = b""
        self.headers: list[tuple[bytes, bytes]] = []

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if not self.parser.has_upgrade_offer():
            self.seen.append((self.parser.get_method(), self.url, dict(self.headers), self.body))


def parse(spoken: bytes, size: int = 10**6) -> list[Any]:
    recorder = Recorder()
    for at in range(0, len(spoken), size):
        recorder.parser.feed_data(spoken[at : at + size])
    return recorder.seen


@pytest.mark.parametrize("size", [10**6, 7, 1])
@pytest.mark.parametrize(
    "rest", [b"Content-Length: 5\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"]
)
def test_the_body_behind_an_offer_is_read_and_the_offer_is_not_seen(rest: bytes, size: int) -> None:
    first, second = parse(HEAD % b"Upgrade, HTTP2-Settings" + rest + NEXT, size)

    assert first[:2] == (b"POST", b"/upload?a=b")
    assert first[3] == b"hello"
    assert first[2].keys() & {b"upgrade", b"http2-settings"} == set()
    assert first[2][b"connection"] == b"keep-alive"
    assert second == (b"GET", b"/x", {b"host": b"y"}, b"")


def test_what_else_the_connection_says_stays() -> None:
    ((_, _, headers, _),) = parse(HEAD % b"close, Upgrade" + b"\r\n")

    assert headers[b"connection"] == b"close"


def test_two_lengths_are_as_wrong_behind_an_offer_as_without() -> None:
    with pytest.raises(httptools.HttpParserError):
        parse(HEAD % b"Upgrade" + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello")


@pytest.mark.parametrize(
    "hosts, version, is_fault",
    [
        ([b"x"], "1.1", False), ([b"[::1]:8000"], "1.1", False), ([b""], "1.1", False), ([], "1.0", False),
        ([], "1.1", True), ([b"x", b"x"], "1.1", True), ([b"x", b"y"], "1.0", True), ([b"x/y"], "1.1", True),
        ([b"x y"], "1.1", True), ([b"x,y/"], "1.1", True),
    ],
)  # fmt: skip
def test_a_request_has_one_host(hosts: list[bytes], version: str, is_fault: bool) -> None:
    headers = [(b"accept", b"*/*"), *((b"host", host) for host in hosts)]

    assert (find_host_fault(headers, version) is not None) is is_fault
