"""Parses request heads: checks what HTTP/1.1 demands beyond the syntax, and ignores offers to upgrade.

`Upgrade: h2c`, which curl --http2 and Java's client send with every first request, is an offer that a server may ignore
(RFC 9110, 7.8). The parser takes what follows such a head for another protocol, its body included; so the head is
handed to it again without the offer.
"""

import re
from array import array
from collections.abc import Iterable
from typing import Final, Protocol

import httptools

MAX_HEAD_BYTES: Final = 32 * 1024
"""The most bytes of a request's head: the usual bound of a reverse proxy; a request of ours needs a few hundred."""

RawHeaders = list[tuple[bytes, bytes]]

_HOST: Final = re.compile(rb"[A-Za-z0-9._~%!$&'()*+,;=:\[\]-]*")
_OFFERS: Final = frozenset((b"upgrade", b"http2-settings"))


class RequestProtocol(Protocol):
    """A connection's protocol, of which the parser fills these."""

    url: bytes
    headers: RawHeaders


class UpgradeIgnoringParser(httptools.HttpRequestParser):
    """Parses requests as if nobody offered another protocol.

    The protocol sees the head of a request with an offer twice: with `has_upgrade_offer` true, when it must do nothing,
    and then without the offer.
    """

    def __init__(self, protocol: RequestProtocol) -> None:
        self._protocol = protocol
        self._start()

    def feed_data(self, data: "bytes | bytearray | memoryview[int] | array[int]") -> None:
        """Parse some bytes of the connection. Raises what httptools raises, but for HttpParserUpgrade."""
        while data:
            try:
                super().feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                data = self._head_without_offer() + bytes(data)[offer.args[0] :]
                self._start()  # of a head that closes the connection, too, the parser would read nothing more
            else:
                return

    def _start(self) -> None:
        super().__init__(self._protocol)
        # As uvicorn's own: a client may send on behind a request that closes the connection.
        self.set_dangerous_leniencies(lenient_data_after_close=True)

    def has_upgrade_offer(self) -> bool:
        """Return whether the head just parsed offers another protocol."""
        return bool(self.should_upgrade()) and any(name == b"upgrade" for name, _ in self._protocol.headers)

    def _head_without_offer(self) -> bytes:
        request = self._protocol
        lines = [b"%b %b HTTP/%b" % (self.get_method(), request.url, self.get_http_version().encode())]
        lines += [b"%b: %b" % field for field in _without_offer(request.headers)]
        return b"\r\n".join(lines) + b"\r\n\r\n"


def _without_offer(headers: RawHeaders) -> Iterable[tuple[bytes, bytes]]:
    for name, value in headers:
        if name == b"connection":
            options = [option.strip() for option in value.split(b",")]
            kept = [option for option in options if option.lower() not in _OFFERS]
            yield name, b", ".join(kept) or b"keep-alive"  # what HTTP/1.1 means without the field
        elif name not in _OFFERS:
            yield name, value


def find_host_fault(headers: RawHeaders, http_version: str) -> str | None:
    """Return what is wrong with the Host fields of a head (RFC 9112, 3.2), None when nothing is."""
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1:
        return "the request has more than one Host field"
    if not hosts and http_version == "1.1":
        return "the request has no Host field"
    if hosts and not _HOST.fullmatch(hosts[0].strip()):
        return "the Host field is no host"
    return None
