"""Who is asking, and what a rate is counted by."""

from pathlib import Path

import pytest
from starlette.requests import Request

from common.records import Record
from services.api.access import Access, Caller, client_of
from services.api.keys import KeyRing, make
from services.api.problems import Problem
from services.api.signing import Grant, Signer
from tests.support.images import manifest

SIGNER = Signer(("a secret of some length",))


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
def alice(tmp_path: Path) -> tuple[str, Access]:
    """Her key, and what knows it."""
    key, line = make("alice")
    (tmp_path / "keys").write_text(line)
    return key, Access(KeyRing(tmp_path / "keys"), SIGNER)


def test_without_keys_everybody_may_do_everything() -> None:
    access = Access(None, Signer(()))

    assert access.open
    assert access.identify(request(key="whatever")) == Caller(owner=None)


def test_a_key_says_who_is_asking(alice: tuple[str, Access]) -> None:
    key, access = alice

    assert not access.open
    assert access.identify(request(key=key)) == Caller(owner="alice")
    for other in (None, "", key + "x", key[:-1], key.upper()):
        with pytest.raises(Problem) as caught:
            access.identify(request(key=other))
        assert caught.value.status == 401


def test_a_signed_url_is_for_the_path_that_is_routed_whatever_host_is_named(
    alice: tuple[str, Access],
) -> None:
    query = SIGNER.url(Grant("GET", "/status/x", 2**40, "alice")).partition("?")[2]

    assert alice[1].identify(request("/status/x", query=query)).granted
    for other in ("/status/x?", "/status/y"):
        with pytest.raises(Problem) as caught:
            alice[1].identify(request(other, query=query))
        assert caught.value.code == "invalid_signature"


def test_a_signed_url_of_somebody_without_a_key_is_void(alice: tuple[str, Access]) -> None:
    for owner in ("bob", ""):
        query = SIGNER.url(Grant("GET", "/status/x", 2**40, owner)).partition("?")[2]
        with pytest.raises(Problem) as caught:
            alice[1].identify(request("/status/x", query=query))
        assert (caught.value.status, caught.value.code) == (403, "invalid_signature")


def test_a_record_without_an_owner_is_nobody_s_where_there_are_keys() -> None:
    record = Record(manifest=manifest("x"))

    assert Caller(owner=None).may_see(record)
    assert not Caller(owner="alice").may_see(record)
    with pytest.raises(Problem) as caught:
        Caller(owner="alice").require(record)
    assert (caught.value.status, caught.value.code) == (404, "image_not_found")


@pytest.mark.parametrize(
    "host, counted",
    [
        ("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"), ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("::ffff:192.0.2.1", "192.0.2.1"), ("nonsense" * 100, ("nonsense" * 100)[:64]),
    ],
)  # fmt: skip
def test_a_rate_is_counted_by_network(host: str, counted: str) -> None:
    assert client_of(request(host=host), Caller(owner=None)) == counted
    assert client_of(request(host=host), Caller(owner="alice")) == "key:alice"
