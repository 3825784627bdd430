"""Headers that every answer carries, and what a page of another origin may do."""

from pathlib import Path

import pytest

from services.api.http.security_headers import SECURITY_HEADERS
from tests.support.http.api import Api, open_api, problem_of


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/healthz", 200), ("GET", "/images", 200), ("GET", "/metrics", 200), ("GET", "/openapi.json", 200),
        ("GET", "/nothing", 404), ("GET", "/status/x", 404), ("PUT", "/upload", 405), ("POST", "/upload", 415),
        ("GET", "/images/", 404), ("GET", "/images?limit=0", 422),
    ],
)  # fmt: skip
async def test_every_answer_is_harmless_in_a_browser(api: Api, method: str, path: str, status: int) -> None:
    answer = await api.http.request(method, path)

    assert answer.status_code == status
    assert dict(answer.headers).items() >= SECURITY_HEADERS.items()


async def test_so_is_that_to_a_defect_which_tells_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: str) -> None:
        raise RuntimeError("a secret of /etc/shadow")

    monkeypatch.setattr(api.store, "read", broken)
    answer = await api.http.get("/status/01a20bac-f5ec-7373-a1a2-b77efbfa2279")

    assert problem_of(answer) == (500, "internal_error")
    assert "secret" not in answer.text
    assert dict(answer.headers).items() >= SECURITY_HEADERS.items()


async def test_pages_of_the_origins_that_are_named_may_use_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    origin = "https://app.example"
    asks = {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization"}
    async with open_api(monkeypatch, tmp_path, cors_origins=(origin,)) as api:
        mine = await api.http.get("/images", headers={"Origin": origin})
        theirs = await api.http.get("/images", headers={"Origin": "https://evil.example"})
        allowed = await api.http.options("/images/x", headers={"Origin": origin, **asks})
        refused = await api.http.options("/images/x", headers={"Origin": "https://evil.example", **asks})

    assert mine.headers["Access-Control-Allow-Origin"] == origin
    assert "Access-Control-Allow-Origin" not in theirs.headers
    assert "DELETE" in allowed.headers["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in allowed.headers
    assert (refused.status_code, "Access-Control-Allow-Origin" in refused.headers) == (400, False)


async def test_a_page_may_ask_conditionally_and_read_what_a_range_needs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    origin = {"Origin": "https://app.example"}
    sent = "authorization, if-match, if-modified-since, if-none-match, if-range, if-unmodified-since, range"
    asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": sent}
    async with open_api(monkeypatch, tmp_path, cors_origins=(origin["Origin"],)) as api:
        allowed = await api.http.options("/images/x/large", headers={**origin, **asks})
        answer = await api.http.get("/images", headers=origin)

    assert allowed.status_code == 200, allowed.text
    exposed = set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    assert exposed >= {
        "ETag",
        "Last-Modified",
        "Content-Range",
        "Accept-Ranges",
        "Content-Length",
        "Retry-After",
    }


async def test_without_origins_no_page_may(api: Api) -> None:
    answer = await api.http.get("/images", headers={"Origin": "https://app.example"})

    assert "Access-Control-Allow-Origin" not in answer.headers
