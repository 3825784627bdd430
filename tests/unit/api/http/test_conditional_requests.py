"""If-Match, If-None-Match and their kin, in the order of RFC 9110, 13.2.2."""

from datetime import UTC, datetime, timedelta

import pytest
from starlette.requests import Request

from services.api.http.conditional_requests import http_date, is_not_modified
from services.api.http.problems import Problem

TAG = '"abc"'
MODIFIED = datetime(2026, 1, 31, 12, 0, 0, 999, tzinfo=UTC)
THEN, BEFORE, AFTER = (http_date(MODIFIED + timedelta(seconds=by)) for by in (0, -1, 1))


def asked(*fields: tuple[str, str], method: str = "GET", etag: str = TAG) -> bool:
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in fields]
    request = Request({"type": "http", "method": method, "headers": headers})
    return is_not_modified(request, etag=etag, modified_at=MODIFIED)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "name, value",
    [
        ("If-None-Match", TAG), ("If-None-Match", f"W/{TAG}"), ("If-None-Match", f'"x",W/"y" , {TAG}'),
        ("If-None-Match", "*"), ("If-None-Match", " * "), ("If-Modified-Since", THEN), ("If-Modified-Since", AFTER),
        ("If-Modified-Since", "Saturday, 31-Jan-26 12:00:00 GMT"), ("If-Modified-Since", "Sat Jan 31 12:00:00 2026"),
    ],
)  # fmt: skip
def test_what_the_client_has_is_not_sent_again(name: str, value: str, method: str) -> None:
    assert asked((name, value), method=method)


@pytest.mark.parametrize(
    "name, value",
    [
        ("If-None-Match", '"x"'), ("If-None-Match", "abc"), ("If-None-Match", ""), ("If-None-Match", '"ab,c"'),
        ("If-Modified-Since", BEFORE), ("If-Modified-Since", "yesterday"),
        ("If-Modified-Since", ""), ("If-Modified-Since", "Sat, 31 Jan 99999 12:00:00 GMT"), ("Accept", "*/*"),
        ("If-Match", TAG), ("If-Match", "*"), ("If-Match", f'"x", {TAG}'), ("If-Unmodified-Since", THEN),
        ("If-Unmodified-Since", AFTER), ("If-Unmodified-Since", "yesterday"),
    ],
)  # fmt: skip
def test_what_it_has_not_is_sent(name: str, value: str) -> None:
    assert not asked((name, value))


@pytest.mark.parametrize(
    "name, value",
    [("If-Match", '"x"'), ("If-Match", f"W/{TAG}"), ("If-Match", ""), ("If-Unmodified-Since", BEFORE)],
)
def test_a_client_that_wants_that_very_file_or_none_is_told(name: str, value: str) -> None:
    with pytest.raises(Problem) as caught:
        asked((name, value))

    assert (caught.value.status, caught.value.code) == (412, "precondition_failed")
    assert name in caught.value.detail


def test_a_tag_decides_whatever_the_dates_say() -> None:
    assert not asked(("If-None-Match", '"x"'), ("If-Modified-Since", AFTER))
    assert asked(("If-None-Match", TAG), ("If-Modified-Since", BEFORE))
    assert not asked(("If-Match", TAG), ("If-Unmodified-Since", BEFORE))
    with pytest.raises(Problem):
        asked(("If-Match", '"x"'), ("If-None-Match", TAG))


def test_a_tag_may_hold_a_comma_and_stand_in_a_second_line() -> None:
    assert asked(("If-None-Match", '"x", "a,b"'), etag='"a,b"')
    assert asked(("If-None-Match", '"x"'), ("If-None-Match", TAG))


def test_dates_are_for_fetching() -> None:
    assert not asked(("If-Modified-Since", AFTER), method="POST")


def test_a_long_field_costs_little() -> None:
    assert not asked(("If-None-Match", '"' * 30_000))
    assert not asked(("If-None-Match", 'W/"' * 10_000))
