"""Signed, expiring URLs: what a browser may do without a key.

The signature is HMAC-SHA256 over method, path, expiry, owner and the limit on bytes, a line each; in hexadecimal. The
first secret signs, every secret is accepted, so that secrets are rotated by putting the new one first.

A signed URL has one spelling: its query is `expires`, `owner`, `max_bytes` and `signature` in this order, each at most
once, without needless zeros or escapes and with nothing after it. Only an upload's own parameters may follow.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem

WEEK_SECONDS: Final = 7 * 86_400
MAX_SIGNED_NUMBER: Final = 2**53 - 1  # the largest that every reader of JSON keeps exactly
_UPLOAD: Final = ("POST", "/upload")
# A path that needs no escapes and means what it says: what is no id in it is found out later.
_FILE: Final = re.compile(r"/status/[\w-]+|/images/[\w-]+(?:/\w[\w.-]*)?", re.ASCII)
_QUERY: Final = re.compile(
    r"expires=(?P<expires>[1-9]\d{0,15})"
    r"(?:&owner=(?P<owner>[A-Za-z0-9][A-Za-z0-9._-]{0,63}))?"
    r"(?:&max_bytes=(?P<max_bytes>[1-9]\d{0,15}))?"
    r"&signature=(?P<signature>[0-9a-f]{64})"
    r"(?P<upload>(?:&(?:preset|recipe|filename)=[^&]*)*)",
    re.ASCII,
)


@dataclass(frozen=True)
class SignedUrlClaims:
    """What a signed URL allows: this method on this path until `expires` (Unix seconds), in the name of `owner`.

    `max_bytes` bounds each file of an upload.
    """

    method: str
    path: str
    expires: int
    owner: str = ""
    max_bytes: int | None = None

    def query(self) -> str:
        """Return the query without the signature."""
        owner = f"&owner={self.owner}" if self.owner else ""
        max_bytes = "" if self.max_bytes is None else f"&max_bytes={self.max_bytes}"
        return f"expires={self.expires}{owner}{max_bytes}"


class UrlSigner:
    """Signs and verifies with these secrets, the newest first; no URL is valid for longer than `max_seconds`."""

    def __init__(self, secrets: tuple[str, ...], max_seconds: float = WEEK_SECONDS) -> None:
        self._secrets = tuple(secret.encode() for secret in secrets)
        self.max_seconds = max_seconds

    @property
    def active(self) -> bool:
        """Whether there is a secret to sign with."""
        return bool(self._secrets)

    def url(self, claims: SignedUrlClaims) -> str:
        """Return the path with its signed query."""
        return f"{claims.path}?{claims.query()}&signature={_sign(self._secrets[0], claims)}"

    def verify(self, method: str, path: str, query: str, now: float) -> SignedUrlClaims:
        """Return the claims of a request with this query, as it was sent, at `now` (Unix seconds).

        Raises Problem 403 when the URL was altered, allows something else, has expired, or expires too late.
        """
        claims, signature = _parse(method, path, query)
        good = [hmac.compare_digest(_sign(secret, claims), signature) for secret in self._secrets]
        if not any(good):
            raise _invalid("the signature does not fit this method, path and query")
        if claims.expires < now:
            raise Problem(ProblemCode.SIGNATURE_EXPIRED, "the signed URL has expired")
        if claims.expires > now + self.max_seconds + 1:  # it was signed in the second before
            raise _invalid(f"a signed URL may expire {self.max_seconds:g} s from now at the latest")
        return claims


def may_be_signed(method: str, path: str) -> bool:
    """Return whether a signed URL may allow this: files and statuses to be fetched, and uploads."""
    return (method, path) == _UPLOAD or (method == "GET" and _FILE.fullmatch(path) is not None)


def _parse(method: str, path: str, query: str) -> tuple[SignedUrlClaims, str]:
    """Return the claims and the signature. Raises Problem 403 for what no signer here would have written."""
    verb = "GET" if method == "HEAD" else method  # whoever may fetch a file may ask for its headers
    if not may_be_signed(verb, path):
        raise _invalid("no signed URL allows this")
    match = _QUERY.fullmatch(query)
    is_upload = (verb, path) == _UPLOAD
    if match is None or (not is_upload and (match["upload"] or match["max_bytes"])):
        raise _invalid("the query of a signed URL must be exactly as it was signed")
    numbers = [int(text) for text in (match["expires"], match["max_bytes"]) if text]
    if max(numbers) > MAX_SIGNED_NUMBER:
        raise _invalid(f"expires and max_bytes are {MAX_SIGNED_NUMBER} at most")
    limit = int(match["max_bytes"]) if match["max_bytes"] else None
    claims = SignedUrlClaims(verb, path, int(match["expires"]), match["owner"] or "", limit)
    return claims, match["signature"]


def _invalid(detail: str) -> Problem:
    return Problem(ProblemCode.INVALID_SIGNATURE, detail)


def _sign(secret: bytes, claims: SignedUrlClaims) -> str:
    limit = "" if claims.max_bytes is None else str(claims.max_bytes)
    text = "\n".join((claims.method, claims.path, str(claims.expires), claims.owner, limit))
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
