"""The signature of a URL: over all that it allows, in one spelling."""

import pytest

from services.api.auth.url_signing import MAX_SIGNED_NUMBER, SignedUrlClaims, UrlSigner, may_be_signed
from services.api.http.problems import Problem

SIGNER = UrlSigner(("a secret of some length",))
CLAIMS = SignedUrlClaims("POST", "/upload", 1000, owner="alice", max_bytes=5)
FILE = SignedUrlClaims("GET", "/images/x/large", 1000, owner="alice")


def query_of(claims: SignedUrlClaims, signer: UrlSigner = SIGNER) -> str:
    return signer.url(claims).partition("?")[2]


def signed_as_is(claims: SignedUrlClaims, query: str) -> str:
    """A query of another spelling with the signature of the claims."""
    return f"{query}&signature={query_of(claims)[-64:]}"


@pytest.mark.parametrize(
    "claims",
    [
        CLAIMS,
        FILE,
        SignedUrlClaims("POST", "/upload", 1000),
        SignedUrlClaims("GET", "/status/x", 1000, "a"),
        SignedUrlClaims("POST", "/upload", 1000, "a", MAX_SIGNED_NUMBER),
    ],
)
def test_what_was_signed_is_what_is_granted(claims: SignedUrlClaims) -> None:
    assert SIGNER.verify(claims.method, claims.path, query_of(claims), now=999.0) == claims


@pytest.mark.parametrize(
    "old, new",
    [
        ("expires=1000", "expires=1001"), ("owner=alice", "owner=bob"), ("&owner=alice", ""), ("owner=alice", "owner="),
        ("max_bytes=5", "max_bytes=6"), ("max_bytes=5", "max_bytes="), ("&max_bytes=5", ""),
        ("expires=1000", "expires=x"), ("signature=", "signature=é"), ("expires=1000&", ""),
    ],
)  # fmt: skip
def test_what_was_altered_is_refused(old: str, new: str) -> None:
    assert old in query_of(CLAIMS)
    with pytest.raises(Problem) as caught:
        SIGNER.verify("POST", "/upload", query_of(CLAIMS).replace(old, new), now=999.0)

    assert (caught.value.status, caught.value.code) == (403, "invalid_signature")


SPELLINGS = {
    "a leading zero": signed_as_is(FILE, "expires=01000&owner=alice"),
    "a sign": signed_as_is(FILE, "expires=+1000&owner=alice"),
    "an escaped digit": signed_as_is(FILE, "expires=%31000&owner=alice"),
    "digits of another script": signed_as_is(FILE, "expires=\u0661\u0660\u0660\u0660&owner=alice"),
    "an escaped letter": signed_as_is(FILE, "expires=1000&owner=%61lice"),
    "an escaped name": signed_as_is(FILE, "expires=1000&%6fwner=alice"),
    "another order": signed_as_is(FILE, "owner=alice&expires=1000"),
    "a parameter twice": signed_as_is(FILE, "expires=1000&expires=1000&owner=alice"),
    "an empty parameter": signed_as_is(FILE, "expires=1000&owner=alice&max_bytes="),
    "one more in between": signed_as_is(FILE, "expires=1000&owner=alice&x=1"),
    "one more behind": query_of(FILE) + "&x=1",
    "an ampersand behind": query_of(FILE) + "&",
    "an ampersand in front": "&" + query_of(FILE),
    "a semicolon": query_of(FILE).replace("&", ";"),
    "an upload's parameter": query_of(FILE) + "&preset=default",
    "capitals": query_of(FILE)[:-64] + query_of(FILE)[-64:].upper(),
    "a line break": query_of(FILE) + "\n",
}


@pytest.mark.parametrize("kind", SPELLINGS)
def test_a_second_spelling_is_refused(kind: str) -> None:
    assert SIGNER.verify("GET", FILE.path, query_of(FILE), now=999.0) == FILE
    with pytest.raises(Problem) as caught:
        SIGNER.verify("GET", FILE.path, SPELLINGS[kind], now=999.0)

    assert (caught.value.status, caught.value.code) == (403, "invalid_signature")


def test_only_an_upload_s_own_parameters_may_follow() -> None:
    query = query_of(CLAIMS)

    assert SIGNER.verify("POST", "/upload", f"{query}&preset=avatar&filename=a%20b.jpg", now=1.0) == CLAIMS
    for extra in ("&max_bytes=7", "&owner=bob", "&x=1", "&preset", "&expires=9999"):
        with pytest.raises(Problem):
            SIGNER.verify("POST", "/upload", query + extra, now=1.0)


@pytest.mark.parametrize(
    "method, path",
    [("GET", "/upload"), ("POST", "/images/retry"), ("DELETE", "/images/x"), ("GET", "/images/x\n")],
)
def test_a_signature_is_for_its_method_and_path(method: str, path: str) -> None:
    with pytest.raises(Problem):
        SIGNER.verify(method, path, query_of(SignedUrlClaims(method, path, 1000)), now=999.0)
    assert not may_be_signed(method, path)


def test_it_expires() -> None:
    SIGNER.verify("POST", "/upload", query_of(CLAIMS), now=1000.0)
    with pytest.raises(Problem, match="expired"):
        SIGNER.verify("POST", "/upload", query_of(CLAIMS), now=1000.1)


def test_it_lives_no_longer_than_the_setting_whoever_signed_it() -> None:
    signer = UrlSigner(("a secret of some length",), max_seconds=60)

    assert signer.verify("POST", "/upload", query_of(CLAIMS), now=940.0) == CLAIMS
    with pytest.raises(Problem, match="60 s from now") as caught:
        signer.verify("POST", "/upload", query_of(CLAIMS), now=930.0)
    assert (caught.value.status, caught.value.code) == (403, "invalid_signature")


@pytest.mark.parametrize("limit", [0, -1, MAX_SIGNED_NUMBER + 1, 10**30])
def test_a_limit_that_means_nothing_is_no_grant(limit: int) -> None:
    with pytest.raises(Problem):
        SIGNER.verify(
            "POST", "/upload", query_of(SignedUrlClaims("POST", "/upload", 1000, max_bytes=limit)), 1.0
        )


def test_a_limit_on_bytes_is_for_uploads() -> None:
    claims = SignedUrlClaims("GET", "/status/x", 1000, "alice", max_bytes=5)
    with pytest.raises(Problem):
        SIGNER.verify("GET", "/status/x", query_of(claims), now=1.0)


def test_secrets_are_rotated() -> None:
    rotated = UrlSigner(("a secret that is newer", "a secret of some length"))

    assert rotated.verify("POST", "/upload", query_of(CLAIMS), now=1.0) == CLAIMS
    assert rotated.url(CLAIMS) == UrlSigner(("a secret that is newer",)).url(CLAIMS)
    with pytest.raises(Problem):
        UrlSigner(("a secret that is newer",)).verify("POST", "/upload", query_of(CLAIMS), now=1.0)
    assert (UrlSigner(()).active, SIGNER.active) == (False, True)
