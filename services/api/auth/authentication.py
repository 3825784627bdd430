"""Who is asking, and what is theirs: API keys, signed URLs, or everything when neither is configured."""

import asyncio
import time
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final

import structlog
from starlette.requests import Request

from common.errors import ConfigurationError
from common.model.records import Record
from services.api.auth.api_keys import ApiKeyFile
from services.api.auth.url_signing import UrlSigner
from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem, image_not_found

log = structlog.get_logger(__name__)

_FOLLOW_SECONDS: Final = 2.0
_MAX_HOST: Final = 64  # a trusted proxy may hand on what a client wrote
_UNAUTHORIZED: Final = {"WWW-Authenticate": 'Bearer realm="darkroom"'}


@dataclass(frozen=True)
class Principal:
    """Whoever sent a request. `owner` None means that no keys are configured: all is everybody's."""

    owner: str | None
    via_signed_url: bool = False  # by a signed URL, to exactly what was asked for
    max_bytes: int | None = None

    def can_read(self, record: Record) -> bool:
        """Whether the record is the principal's."""
        return self.via_signed_url or self.owner is None or record.manifest.owner == self.owner

    def require(self, record: Record | None) -> Record:
        """The record, if it is there and the principal's. Raises the same Problem 404 otherwise."""
        if record is None or not self.can_read(record):
            raise image_not_found()
        return record


class Authenticator:
    """Tells who is asking. Without a key ring everybody is nobody in particular, and may do everything."""

    def __init__(self, ring: ApiKeyFile | None, signer: UrlSigner) -> None:
        self._ring = ring
        self._signer = signer

    async def follow(self) -> None:
        """Follow changes of the key file until cancelled; a file that is damaged leaves the keys of before in force."""
        while self._ring is not None:
            await asyncio.sleep(_FOLLOW_SECONDS)
            try:
                self._ring.refresh()
            except ConfigurationError as error:
                log.error("keys.not_read", reason=str(error))

    @property
    def open(self) -> bool:
        """Whether no keys are configured."""
        return self._ring is None

    def authenticate(self, request: Request) -> Principal:
        """The principal. Raises Problem 401 without a key, 403 for a signed URL that is not as it was made."""
        if self._signer.active and "signature" in request.query_params:
            grant = self._signer.check(
                request.method, request.scope["path"], request.query_params, time.time()
            )
            if self._ring is not None and not self._ring.knows(grant.owner):
                raise Problem(ProblemCode.INVALID_SIGNATURE, "the signed URL's owner has no key any more")
            return Principal(owner=grant.owner or None, via_signed_url=True, max_bytes=grant.max_bytes)
        if self._ring is None:
            return Principal(owner=None)
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        owner = self._ring.owner_of(key.strip()) if scheme.lower() == "bearer" else None
        if owner is None:
            detail = "send a valid API key as `Authorization: Bearer KEY`, or use a signed URL"
            raise Problem(ProblemCode.UNAUTHORIZED, detail, headers=_UNAUTHORIZED)
        return Principal(owner=owner)


def client_address_of(request: Request, principal: Principal) -> str:
    """What a rate is counted by: the key where there is one, else the address."""
    if principal.owner is not None:
        return f"key:{principal.owner}"
    return _network_of(request.client.host) if request.client else "unknown"


def _network_of(host: str) -> str:
    """The address; for IPv6 its /64, since whoever has one address there has all of them."""
    try:
        address = IPv6Address(host)
    except ValueError:
        return host[:_MAX_HOST]
    return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))
