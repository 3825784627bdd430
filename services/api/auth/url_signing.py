"""Signed, expiring URLs: what a browser may do without a key.

The signature is HMAC-SHA256 over method, path, expiry, owner and the limit on bytes, a line each; in hexadecimal. The
first secret signs, every secret is accepted, so that secrets are rotated by putting the new one first.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem

MAX_LIFETIME_SECONDS: Final = 7 * 86_400
# A path that needs no escapes and means what it says: what is no id in it is found out later.
_FILE: Final = re.compile(r"/status/[\w-]+|/images/[\w-]+(?:/\w[\w.-]*)?", re.ASCII)
_FIELDS: Final = ("expires", "owner", "max_bytes", "signature")


@dataclass(frozen=True)
class SignedUrlClaims:
    """What a signed URL allows: this method on this path until `expires` (Unix seconds), in the name of `owner`."""

    method: str
    path: str
    expires: int
    owner: str = ""
    max_bytes: int | None = None

    def query(self) -> dict[str, str]:
        """The grant's query parameters, without the signature."""
        fields = {"expires": str(self.expires), "owner": self.owner}
        if self.max_bytes is not None:
            fields["max_bytes"] = str(self.max_bytes)
        return {name: value for name, value in fields.items() if value}


class UrlSigner:
    """Signs and checks with these secrets, the newest first."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = tuple(secret.encode() for secret in secrets)

    @property
    def active(self) -> bool:
        """Whether there is a secret to sign with."""
        return bool(self._secrets)

    def url(self, grant: SignedUrlClaims) -> str:
        """The path with its signed query."""
        return f"{grant.path}?{urlencode({**grant.query(), 'signature': _sign(self._secrets[0], grant)})}"

    def check(self, method: str, path: str, query: Mapping[str, str], now: float) -> SignedUrlClaims:
        """The grant in a request's query. Raises Problem 403 when it was altered or has expired."""
        grant = _read(method, path, query)
        given = query["signature"].encode()
        good = [hmac.compare_digest(_sign(secret, grant).encode(), given) for secret in self._secrets]
        if not any(good):
            raise Problem(
                ProblemCode.INVALID_SIGNATURE, "the signature does not fit this method, path and query"
            )
        if grant.expires < now:
            raise Problem(ProblemCode.SIGNATURE_EXPIRED, "the signed URL has expired")
        return grant


def _read(method: str, path: str, query: Mapping[str, str]) -> SignedUrlClaims:
    try:
        expires, max_bytes = int(query.get("expires", "")[:20]), query.get("max_bytes")
        limit = None if max_bytes is None else int(max_bytes[:20])
    except ValueError:
        raise Problem(ProblemCode.INVALID_SIGNATURE, "expires and max_bytes are whole numbers") from None
    # Whoever may fetch a file may ask for its headers.
    verb = "GET" if method == "HEAD" else method
    if not may_be_signed(verb, path) or (limit is not None and limit < 1):
        raise Problem(ProblemCode.INVALID_SIGNATURE, "no signed URL allows this")
    return SignedUrlClaims(
        method=verb, path=path, expires=expires, owner=query.get("owner", ""), max_bytes=limit
    )


def may_be_signed(method: str, path: str) -> bool:
    """Files and statuses to be fetched, and uploads; the rest needs a key."""
    return (method, path) == ("POST", "/upload") or (method == "GET" and _FILE.fullmatch(path) is not None)


def _sign(secret: bytes, grant: SignedUrlClaims) -> str:
    limit = "" if grant.max_bytes is None else str(grant.max_bytes)
    text = "\n".join((grant.method, grant.path, str(grant.expires), grant.owner, limit))
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
