"""Whom a request is counted for."""

import pytest
from starlette.requests import Request

from services.api.auth.authentication import Principal
from services.api.limits.clients import client_of, pending_key


def request(host: str) -> Request:
    return Request({"type": "http", "headers": [], "client": (host, 1)})


@pytest.mark.parametrize(
    "host, counted",
    [
        ("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"), ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("::ffff:192.0.2.1", "192.0.2.1"), ("nonsense" * 100, ("nonsense" * 100)[:64]),
    ],
)  # fmt: skip
def test_the_client_is_the_key_s_owner_else_the_network(host: str, counted: str) -> None:
    assert client_of(request(host), Principal(owner=None)).name == counted
    assert client_of(request(host), Principal(owner="alice")).name == "key:alice"


def test_an_image_is_counted_for_the_client_that_its_record_tells() -> None:
    for principal in (Principal(owner=None), Principal(owner="alice")):
        client = client_of(request("192.0.2.1"), principal)

        assert client.pending_key == pending_key(principal.owner, client.tag)


def test_the_tag_in_a_record_tells_no_address() -> None:
    tags = {client_of(request(f"192.0.2.{number}"), Principal(owner=None)).tag for number in range(100)}

    assert len(tags) == 100
    assert {len(tag or "") for tag in tags} == {6}, "shared by 256 addresses each"
    assert client_of(request("192.0.2.1"), Principal(owner="alice")).tag is None


def test_no_owner_can_be_named_like_a_stranger_s_tag() -> None:
    tag = client_of(request("192.0.2.1"), Principal(owner=None)).tag

    assert pending_key(tag, None) != pending_key(None, tag)
