"""Tells by what a client is counted: the key's owner, else the network that a request comes from."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from starlette.requests import Request

from services.api.auth.authentication import Principal
from services.api.server.connections import network_of

_TAG_BYTES: Final = 3


@dataclass(frozen=True)
class Client:
    """The sender of a request: `owner` is the name of its API key, None without one."""

    owner: str | None
    network: str

    @property
    def name(self) -> str:
        """What rates and uploads in progress are counted by."""
        return self.network if self.owner is None else f"key:{self.owner}"

    @property
    def tag(self) -> str | None:
        """What an image's manifest keeps of a client without a key, else None.

        Six hexadecimal digits that 256 IPv4 addresses share: enough to count by, too little to find a person with.
        """
        if self.owner is not None:
            return None
        return blake2b(self.network.encode(), digest_size=_TAG_BYTES).hexdigest()

    @property
    def pending_key(self) -> str:
        """What pending images are counted by."""
        return pending_key(self.owner, self.tag)


def client_of(request: Request, principal: Principal) -> Client:
    """Return who sent the request, as far as it was told by the server or by a trusted proxy."""
    return Client(principal.owner, network_of(request.client.host) if request.client else "unknown")


def pending_key(owner: str | None, tag: str | None) -> str:
    """Return what an image of this owner, or of this client's tag, is counted by; "" for neither."""
    return f"key:{owner}" if owner is not None else tag or ""
