"""Limits the open connections, and those whose client does not read: of one network, and of all."""

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final, Protocol

_MAX_HOST_LENGTH: Final = 64  # a trusted proxy may hand on what a client wrote
_MAX_LINGERING: Final = 64  # refused connections that are given time to read why


class Abortable(Protocol):
    """A connection that can be ended at once."""

    def abort(self) -> None:
        """Drop the connection with all that waits to be sent on it."""


@dataclass(frozen=True, kw_only=True)
class ConnectionLimits:
    """At most `total` connections, `per_network` from one network, `stalled` that do not read their answers.

    A reader is stalled for `stall_seconds` at most. What `is_proxy` says of an address exempts it from `per_network`:
    many clients come from there.
    """

    total: int
    per_network: int
    stalled: int
    stall_seconds: float
    is_proxy: Callable[[str], bool]


class ConnectionTracker:
    """Counts the connections of a process, and ends the readers that have been stalled longest."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.current = 0
        self._by_network: Counter[str] = Counter()
        self._stalled: OrderedDict[Abortable, None] = OrderedDict()

    def open(self, network: str) -> str | None:
        """Count a connection from `network`; returns why it must be refused, or None."""
        self.current += 1
        self._by_network[network] += 1
        if self.current > self.limits.total:
            return f"{self.limits.total} connections are open, which is the limit"
        if self._by_network[network] > self.limits.per_network and not self.limits.is_proxy(network):
            return f"{self.limits.per_network} connections of this client are open, which is the limit"
        return None

    def close(self, network: str) -> None:
        """Count a connection from `network` no longer."""
        self.current -= 1
        self._by_network[network] -= 1
        if not self._by_network[network]:
            del self._by_network[network]

    @property
    def may_linger(self) -> bool:
        """Whether a refused connection may stay for a moment, so that its client reads why."""
        return self.current <= self.limits.total + _MAX_LINGERING

    def stall(self, connection: Abortable) -> None:
        """Count a connection as one that does not read; the one that is so longest is ended if there are too many."""
        self._stalled[connection] = None
        if len(self._stalled) > self.limits.stalled:
            longest, _ = self._stalled.popitem(last=False)
            longest.abort()

    def resume(self, connection: Abortable) -> None:
        """Count a connection as one that reads again, or is closed."""
        self._stalled.pop(connection, None)


def network_of(host: str) -> str:
    """Return what a client without a key is counted by: the address, of IPv6 its /64.

    Whoever has one address of a /64 has all of them.
    """
    try:
        address = IPv6Address(host)
    except ValueError:
        return host[:_MAX_HOST_LENGTH]
    return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))
