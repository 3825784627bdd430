import pytest
from starlette.requests import Request

from services.api.http.byte_ranges import requested_range
from services.api.http.problems import Problem

VALIDATORS = ('"etag"', "Tue, 24 Nov 2026 12:00:00 GMT")


def asked(field: str | None, if_range: str | None = None, method: str = "GET") -> Request:
    headers = [] if field is None else [(b"range", field.encode())]
    if if_range is not None:
        headers.append((b"if-range", if_range.encode()))
    return Request({"type": "http", "method": method, "headers": headers})


@pytest.mark.parametrize(
    "field, wanted",
    [
        ("bytes=0-0", range(1)),
        ("bytes=0-", range(100)),
        ("bytes=99-", range(99, 100)),
        ("bytes=5-1000", range(5, 100)),
        ("bytes=-1", range(99, 100)),
        ("bytes=-500", range(100)),
    ],
)
def test_one_range_within_the_file_is_served(field: str, wanted: range) -> None:
    assert requested_range(asked(field), 100, VALIDATORS) == wanted


@pytest.mark.parametrize("if_range", VALIDATORS)
def test_a_range_of_the_file_that_the_client_has_is_served(if_range: str) -> None:
    assert requested_range(asked("bytes=1-2", if_range), 100, VALIDATORS) == range(1, 3)
    assert requested_range(asked("bytes=1-2", '"another"'), 100, VALIDATORS) is None


def test_a_range_means_nothing_for_head() -> None:
    assert requested_range(asked("bytes=1-2", method="HEAD"), 100, VALIDATORS) is None


@pytest.mark.parametrize(
    "field",
    [
        "bytes=0-0,1-1", "bytes=" + "0-0," * 9999 + "0-0", "bytes=5-4", "bytes=-", "bytes=a-b", "lines=1-2",
        "bytes=" + "9" * 50 + "-",
    ],
)  # fmt: skip
def test_what_is_not_one_range_is_ignored(field: str) -> None:
    assert requested_range(asked(field), 100, VALIDATORS) is None


@pytest.mark.parametrize("field", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=" + "9" * 18 + "-"])
def test_a_range_outside_the_file_is_refused_with_its_size(field: str) -> None:
    with pytest.raises(Problem) as caught:
        requested_range(asked(field), 100, VALIDATORS)

    assert (caught.value.status, caught.value.headers["Content-Range"]) == (416, "bytes */100")


def test_without_a_range_all_is_served() -> None:
    assert requested_range(asked(None), 0, VALIDATORS) is None
