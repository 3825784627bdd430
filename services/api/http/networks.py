"""The network that an address belongs to: what a client without a key is counted by."""

from ipaddress import IPv6Address
from typing import Final

_MAX_LENGTH: Final = 64  # a trusted proxy may hand on what a client wrote


def network_of(host: str) -> str:
    """Return the address itself; of IPv6 its /64, since whoever has one address there has all of them."""
    try:
        address = IPv6Address(host)
    except ValueError:
        return host[:_MAX_LENGTH]
    return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))
