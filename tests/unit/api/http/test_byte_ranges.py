import pytest
from starlette.requests import Request

from services.api.http.byte_ranges import prepare
from services.api.http.problems import Problem


def asked(field: str | None) -> Request:
    headers = [] if field is None else [(b"range", field.encode())]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    "field", ["bytes=0-0", "bytes=0-", "bytes=99-", "bytes=5-1000", "bytes=-1", "bytes=-500"]
)
def test_one_range_within_the_file_stays(field: str) -> None:
    request = asked(field)
    prepare(request, 100)

    assert request.scope["headers"]


@pytest.mark.parametrize(
    "field",
    [
        "bytes=0-0,1-1", "bytes=" + "0-0," * 9999 + "0-0", "bytes=5-4", "bytes=-", "bytes=a-b", "lines=1-2",
        "bytes=" + "9" * 50 + "-",
    ],
)  # fmt: skip
def test_what_is_not_one_range_is_ignored(field: str) -> None:
    request = asked(field)
    prepare(request, 100)

    assert not request.scope["headers"]


@pytest.mark.parametrize("field", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=" + "9" * 18 + "-"])
def test_a_range_outside_the_file_is_refused_with_its_size(field: str) -> None:
    with pytest.raises(Problem) as caught:
        prepare(asked(field), 100)

    assert (caught.value.status, caught.value.headers["Content-Range"]) == (416, "bytes */100")


def test_without_a_range_nothing_is_done() -> None:
    prepare(asked(None), 0)
