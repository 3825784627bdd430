"""Who is asking, and what a rate is counted by."""

import time
from pathlib import Path

import pytest
from starlette.requests import Request

from common.model.records import Record
from services.api.auth.api_keys import ApiKeyFile, create_key
from services.api.auth.authentication import Access, Authenticator, Principal
from services.api.auth.url_signing import SignedUrlClaims, UrlSigner
from services.api.http.problems import Problem
from tests.support.store.stored_images import manifest

SIGNER = UrlSigner(("a secret of some length",))
SIGNED = Access.KEY_OR_SIGNED_URL
SOON = int(time.time()) + 3600


def request(
    path: str = "/images", *, key: str | None = None, host: str = "192.0.2.1", query: str = ""
) -> Request:
    headers = [] if key is None else [(b"authorization", f"Bearer {key}".encode())]
    scope = {
        "type": "http", "method": "GET", "path": path, "headers": headers, "query_string": query.encode(),
        "client": (host, 1),
    }  # fmt: skip
    return Request(scope)


@pytest.fixture
def alice(tmp_path: Path) -> tuple[str, Authenticator]:
    """Her key, and what knows it."""
    key, line = create_key("alice")
    (tmp_path / "keys").write_text(line)
    return key, Authenticator(ApiKeyFile(tmp_path / "keys"), SIGNER)


def test_without_keys_everybody_may_do_everything() -> None:
    access = Authenticator(None, UrlSigner(()))

    assert access.open
    assert access.authenticate(request(key="whatever"), SIGNED) == Principal(owner=None)


def test_a_key_says_who_is_asking(alice: tuple[str, Authenticator]) -> None:
    key, access = alice

    assert not access.open
    assert access.authenticate(request(key=key), SIGNED) == Principal(owner="alice")
    for other in (None, "", key + "x", key[:-1], key.upper()):
        with pytest.raises(Problem) as caught:
            access.authenticate(request(key=other), SIGNED)
        assert caught.value.status == 401


def test_a_signed_url_is_for_the_path_that_is_routed_whatever_host_is_named(
    alice: tuple[str, Authenticator],
) -> None:
    query = SIGNER.url(SignedUrlClaims("GET", "/status/x", SOON, "alice")).partition("?")[2]

    assert alice[1].authenticate(request("/status/x", query=query), SIGNED).via_signed_url
    for other in ("/status/x?", "/status/y"):
        with pytest.raises(Problem) as caught:
            alice[1].authenticate(request(other, query=query), SIGNED)
        assert caught.value.code == "invalid_signature"


def test_a_signed_url_opens_no_route_that_needs_a_key(alice: tuple[str, Authenticator]) -> None:
    query = SIGNER.url(SignedUrlClaims("GET", "/images/x", SOON, "alice")).partition("?")[2]

    assert alice[1].authenticate(request("/images/x", query=query), SIGNED).owner == "alice"
    with pytest.raises(Problem) as caught:
        alice[1].authenticate(request("/images/x", query=query), Access.KEY)
    assert (caught.value.status, caught.value.code) == (403, "invalid_signature")


def test_a_signed_path_with_a_needless_escape_is_another_spelling(alice: tuple[str, Authenticator]) -> None:
    query = SIGNER.url(SignedUrlClaims("GET", "/status/x", SOON, "alice")).partition("?")[2]
    asked = request("/status/x", query=query)
    asked.scope["raw_path"] = b"/status/x"
    assert alice[1].authenticate(asked, SIGNED).via_signed_url
    asked.scope["raw_path"] = b"/status/%78"
    with pytest.raises(Problem) as caught:
        alice[1].authenticate(asked, SIGNED)
    assert caught.value.code == "invalid_signature"


def test_a_signed_url_of_somebody_without_a_key_is_void(alice: tuple[str, Authenticator]) -> None:
    for owner in ("bob", ""):
        query = SIGNER.url(SignedUrlClaims("GET", "/status/x", SOON, owner)).partition("?")[2]
        with pytest.raises(Problem) as caught:
            alice[1].authenticate(request("/status/x", query=query), SIGNED)
        assert (caught.value.status, caught.value.code) == (403, "invalid_signature")


def test_a_record_without_an_owner_is_nobody_s_where_there_are_keys() -> None:
    record = Record(manifest=manifest("x"))

    assert Principal(owner=None).can_read(record)
    assert not Principal(owner="alice").can_read(record)
    with pytest.raises(Problem) as caught:
        Principal(owner="alice").require(record)
    assert (caught.value.status, caught.value.code) == (404, "image_not_found")
