"""The route table: closed unless a row says otherwise, for every path and method it has."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.api.auth.api_keys import create_key
from services.api.auth.authentication import Access
from services.api.auth.url_signing import SignedUrlClaims, UrlSigner, may_be_signed
from services.api.routes import ROUTES, ApiRoute
from tests.support.http.api import Api, open_api, problem_of
from tests.support.images.minimal_gif import GIF
from tests.support.ports import HOST, free_port, listens
from tests.support.waiting import eventually

SECRET = "a secret of some length"
OPEN = {"/openapi.json", "/healthz", "/readyz", "/metrics"}
CLOSED = [row for row in ROUTES if row.path not in OPEN]
SIGNABLE = [row for row in ROUTES if row.access is Access.KEY_OR_SIGNED_URL]
STRANGERS_ANSWER = {
    "uploadImages": 415,
    "createSignedUrl": 422,
    "listImages": 200,
    "retryFailedImages": 422,
    "listPresets": 200,
}


def named(row: ApiRoute) -> str:
    return row.operation_id


class Keyed:
    """An API with two keys, and an image of the first."""

    def __init__(self, api: Api, alice: str, stranger: str, image_id: str) -> None:
        self.api = api
        self.alice = {"Authorization": f"Bearer {alice}"}
        self.stranger = {"Authorization": f"Bearer {stranger}"}
        self.image_id = image_id

    def path(self, row: ApiRoute) -> str:
        return row.path.format(image_id=self.image_id, output="large")

    async def ask(
        self, row: ApiRoute, query: str = "", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        return await self.api.http.request(row.method, self.path(row) + query, headers=headers or {})

    def signed(self, method: str, path: str, owner: str = "alice") -> str:
        claims = SignedUrlClaims(method, path, int(time.time()) + 60, owner)
        return "?" + UrlSigner((SECRET,)).url(claims).partition("?")[2]


@pytest.fixture
async def keyed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Keyed]:
    (alice, hers), (stranger, other) = create_key("alice"), create_key("stranger")
    (tmp_path / "keys").write_text(f"{hers}\n{other}\n")
    settings: dict[str, Any] = {"api_keys_file": str(tmp_path / "keys"), "url_signing_secrets": (SECRET,)}
    async with open_api(monkeypatch, tmp_path, **settings) as api:
        answer = await api.http.post(
            "/upload", files={"file": ("a.gif", GIF)}, headers={"Authorization": f"Bearer {alice}"}
        )
        yield Keyed(api, alice, stranger, answer.json()["image_id"])


def test_only_what_is_meant_to_be_open_is() -> None:
    assert {row.path for row in ROUTES if row.access is Access.ANYONE} == OPEN
    assert len({row.operation_id for row in ROUTES}) == len(ROUTES)
    assert len({(row.method, row.path) for row in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize("row", ROUTES, ids=named)
def test_what_may_be_signed_is_what_the_table_says(row: ApiRoute) -> None:
    path = row.path.format(image_id="x", output="large")
    assert may_be_signed(row.method, path) == (row.access is Access.KEY_OR_SIGNED_URL)


@pytest.mark.parametrize("row", CLOSED, ids=named)
async def test_without_a_key_nothing_is_told(keyed: Keyed, row: ApiRoute) -> None:
    for headers in ({}, {"Authorization": "Bearer dk_wrong"}, {"Authorization": "Basic YTpi"}):
        answer = await keyed.ask(row, headers=headers)
        assert problem_of(answer) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("row", CLOSED, ids=named)
async def test_a_stranger_s_key_shows_nothing_of_another_s(keyed: Keyed, row: ApiRoute) -> None:
    answer = await keyed.ask(row, headers=keyed.stranger)

    if "{image_id}" in row.path:
        assert problem_of(answer) == (404, "image_not_found")
    else:
        assert answer.status_code == STRANGERS_ANSWER[row.operation_id]
        assert keyed.image_id not in answer.text


@pytest.mark.parametrize("row", CLOSED, ids=named)
async def test_a_signed_url_of_another_path_opens_nothing(keyed: Keyed, row: ApiRoute) -> None:
    for method, path in (("GET", "/status/x"), ("POST", "/upload"), (row.method, "/images/x/large")):
        if (method, path) == (row.method, keyed.path(row)):
            continue
        answer = await keyed.ask(row, query=keyed.signed(method, path))
        assert problem_of(answer) == (403, "invalid_signature")


@pytest.mark.parametrize("row", SIGNABLE, ids=named)
async def test_its_own_signed_url_opens_it_in_the_signer_s_name_alone(keyed: Keyed, row: ApiRoute) -> None:
    path = keyed.path(row)
    answer = await keyed.ask(row, query=keyed.signed(row.method, path))
    unknown = await keyed.ask(row, query=keyed.signed(row.method, path, owner="nobody"))

    assert answer.status_code in (200, 404, 415), answer.text
    assert answer.status_code != 404 or answer.json()["code"] == "output_not_ready"
    assert problem_of(unknown) == (403, "invalid_signature")


@pytest.mark.parametrize("row", [row for row in ROUTES if row.access is Access.KEY], ids=named)
async def test_a_route_that_needs_a_key_takes_no_signed_url_at_all(keyed: Keyed, row: ApiRoute) -> None:
    answer = await keyed.ask(row, query=keyed.signed(row.method, keyed.path(row)))

    assert problem_of(answer) == (403, "invalid_signature")


async def test_a_method_that_a_path_does_not_know_is_told_all_that_it_knows(keyed: Keyed) -> None:
    answer = await keyed.api.http.put(f"/images/{keyed.image_id}")

    assert problem_of(answer) == (405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "DELETE"}


async def test_monitoring_may_have_a_port_of_its_own_and_is_then_on_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    port = free_port()
    async with open_api(monkeypatch, tmp_path, health_port=port) as api, httpx.AsyncClient() as outside:
        await eventually(lambda: listens(port), "the port of the monitoring is open")
        public = {
            path: (await api.http.get(path)).status_code for path in ("/healthz", "/readyz", "/metrics")
        }
        own = {
            path: (await outside.get(f"http://{HOST}:{port}{path}")).status_code
            for path in ("/healthz", "/readyz", "/metrics", "/images")
        }

    assert public == {"/healthz": 200, "/readyz": 404, "/metrics": 404}
    assert own == {"/healthz": 200, "/readyz": 200, "/metrics": 200, "/images": 404}
