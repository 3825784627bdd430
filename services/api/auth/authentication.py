"""Authenticates requests and tells which images are theirs: by API key or signed URL; without keys, all are."""

import asyncio
import time
from dataclasses import dataclass
from enum import Enum
from typing import Final, cast

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
_UNAUTHORIZED: Final = {"WWW-Authenticate": 'Bearer realm="darkroom"'}


class Access(Enum):
    """Who may call a route: `credentials` are the security schemes of the OpenAPI document, any of which is enough."""

    ANYONE = ()
    KEY = ("key",)
    KEY_OR_SIGNED_URL = ("key", "signed_url")

    def __init__(self, *credentials: str) -> None:
        self.credentials = credentials

    @property
    def problems(self) -> tuple[ProblemCode, ...]:
        """What authentication may refuse with."""
        if self is Access.ANYONE:
            return ()
        refusals = (ProblemCode.UNAUTHORIZED, ProblemCode.INVALID_SIGNATURE)
        return refusals if self is Access.KEY else (*refusals, ProblemCode.SIGNATURE_EXPIRED)


@dataclass(frozen=True)
class Principal:
    """The sender of a request. `owner` None means that no keys are configured: everybody may see everything.

    `via_signed_url` means that a signed URL allows exactly what the request asks for; `max_bytes` is that URL's
    bound on each file of an upload.
    """

    owner: str | None
    via_signed_url: bool = False
    max_bytes: int | None = None

    def can_read(self, record: Record) -> bool:
        """Return whether the record is the principal's."""
        return self.via_signed_url or self.owner is None or record.manifest.owner == self.owner

    def require(self, record: Record | None) -> Record:
        """Return the record, if it is there and the principal's. Raises the same Problem 404 otherwise."""
        if record is None or not self.can_read(record):
            raise image_not_found()
        return record


class Authenticator:
    """Finds the principal of a request. Without a key file anybody may do everything."""

    def __init__(self, keys: ApiKeyFile | None, signer: UrlSigner) -> None:
        self._keys = keys
        self._signer = signer

    async def follow(self) -> None:
        """Follow changes of the key file until cancelled; a file that is damaged leaves the keys of before in force."""
        while self._keys is not None:
            await asyncio.sleep(_FOLLOW_SECONDS)
            try:
                self._keys.refresh()
            except ConfigurationError as error:
                log.error("api_keys.unreadable", reason=str(error))

    @property
    def open(self) -> bool:
        """Whether no keys are configured."""
        return self._keys is None

    def authenticate(self, request: Request, access: Access) -> Principal:
        """Return the principal of a request to a route of this access.

        Raises Problem 401 without a valid key, 403 for a signed URL that does not allow the request.
        """
        if self._signer.active and "signature" in request.query_params:
            return self._by_signed_url(request, access)
        return self._by_key(request)

    def _by_signed_url(self, request: Request, access: Access) -> Principal:
        if access is not Access.KEY_OR_SIGNED_URL:
            raise Problem(ProblemCode.INVALID_SIGNATURE, "no signed URL allows this: it needs a key")
        scope = request.scope
        # An escape that nobody needs is another spelling of the path, which a cache would keep as another file.
        if scope.get("raw_path", b"").decode("latin-1") not in ("", scope["path"]):
            raise Problem(ProblemCode.INVALID_SIGNATURE, "the path is not spelled as it was signed")
        query = scope["query_string"].decode("latin-1")
        claims = self._signer.verify(request.method, scope["path"], query, time.time())
        if self._keys is not None and not self._keys.knows(claims.owner):
            raise Problem(ProblemCode.INVALID_SIGNATURE, "the signed URL's owner has no key any more")
        return Principal(owner=claims.owner or None, via_signed_url=True, max_bytes=claims.max_bytes)

    def _by_key(self, request: Request) -> Principal:
        if self._keys is None:
            return Principal(owner=None)
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        owner = self._keys.owner_of(key.strip()) if scheme.lower() == "bearer" else None
        if owner is None:
            detail = "send a valid API key as `Authorization: Bearer KEY`, or use a signed URL"
            raise Problem(ProblemCode.UNAUTHORIZED, detail, headers=_UNAUTHORIZED)
        return Principal(owner=owner)


def principal_of(request: Request) -> Principal:
    """Return the principal that the route table found before it called the endpoint."""
    return cast(Principal, request.state.principal)
