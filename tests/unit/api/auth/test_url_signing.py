"""The signature of a URL: over all that it allows."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from services.api.auth.url_signing import SignedUrlClaims, UrlSigner, may_be_signed
from services.api.http.problems import Problem

SIGNER = UrlSigner(("a secret of some length",))
GRANT = SignedUrlClaims("POST", "/upload", 1000, owner="alice", max_bytes=5)


def query_of(grant: SignedUrlClaims, signer: UrlSigner = SIGNER) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(signer.url(grant)).query))


@pytest.mark.parametrize(
    "grant",
    [
        GRANT,
        SignedUrlClaims("POST", "/upload", 1000),
        SignedUrlClaims("GET", "/status/x", 1000, "a"),
        SignedUrlClaims("GET", "/images/x/large", 1000),
    ],
)
def test_what_was_signed_is_what_is_granted(grant: SignedUrlClaims) -> None:
    assert SIGNER.check(grant.method, grant.path, query_of(grant), now=999.0) == grant


@pytest.mark.parametrize(
    "change",
    [
        {"expires": "1001"}, {"owner": "bob"}, {"owner": ""}, {"max_bytes": "6"}, {"max_bytes": ""},
        {"expires": "x"}, {"signature": "é"},
    ],
)  # fmt: skip
def test_what_was_altered_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(Problem) as caught:
        SIGNER.check("POST", "/upload", query_of(GRANT) | change, now=999.0)

    assert (caught.value.status, caught.value.code) == (403, "invalid_signature")


@pytest.mark.parametrize(
    "method, path",
    [("GET", "/upload"), ("POST", "/images/retry"), ("DELETE", "/images/x"), ("GET", "/images/x\n")],
)
def test_a_signature_is_for_its_method_and_path(method: str, path: str) -> None:
    with pytest.raises(Problem):
        SIGNER.check(method, path, query_of(GRANT), now=999.0)
    assert not may_be_signed(method, path)


def test_it_expires() -> None:
    SIGNER.check("POST", "/upload", query_of(GRANT), now=1000.0)
    with pytest.raises(Problem, match="expired"):
        SIGNER.check("POST", "/upload", query_of(GRANT), now=1000.1)


def test_a_limit_of_nothing_is_no_grant_of_everything() -> None:
    for limit in (0, -1):
        with pytest.raises(Problem):
            SIGNER.check(
                "POST",
                "/upload",
                query_of(SignedUrlClaims("POST", "/upload", 1000, max_bytes=limit)),
                now=1.0,
            )


def test_secrets_are_rotated() -> None:
    rotated = UrlSigner(("a secret that is newer", "a secret of some length"))

    assert rotated.check("POST", "/upload", query_of(GRANT), now=1.0) == GRANT
    assert rotated.url(GRANT) == UrlSigner(("a secret that is newer",)).url(GRANT)
    with pytest.raises(Problem):
        UrlSigner(("a secret that is newer",)).check("POST", "/upload", query_of(GRANT), now=1.0)
    assert (UrlSigner(()).active, SIGNER.active) == (False, True)
