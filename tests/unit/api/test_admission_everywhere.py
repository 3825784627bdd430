"""Wherever images are accepted or run again, each costs its client a token and a place in its quota."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.api.limits.clients import Client
from tests.support.http.api import Api, open_api, problem_of
from tests.support.images.drawings import photograph
from tests.support.quotas import count_free_places
from tests.support.store.stored_images import failed, uploaded

IMAGE = photograph(16, 16)
SINCE = (datetime.now(UTC) - timedelta(hours=1)).isoformat()


@pytest.fixture
async def api(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[Api]:
    async with open_api(monkeypatch, tmp_path, **request.param) as made:
        yield made


def limited(**settings: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("api", [settings], indirect=True, ids=[""])


async def upload(api: Api, files: int = 1) -> httpx.Response:
    return await api.http.post("/upload", files=[("file", ("a.jpg", IMAGE)) for _ in range(files)])


async def several_failed(api: Api, count: int) -> list[str]:
    """Newest first, as they are run again."""
    ids = [await uploaded(api.store) for _ in range(count)]
    for image_id in ids:
        await api.store.record_result(failed(image_id), {})
    return ids[::-1]


async def retry_all(api: Api, cursor: str | None = None) -> httpx.Response:
    query = {"since": SINCE} | ({"cursor": cursor} if cursor else {})
    return await api.http.post("/images/retry", params=query)


@limited(rate_limit_per_minute=0.001, rate_limit_burst=5, max_pending_per_client=10)
async def test_every_file_of_a_form_costs_a_token(api: Api) -> None:
    assert (await upload(api, 4)).status_code == 202
    refused = await upload(api, 2)

    assert problem_of(refused) == (429, "rate_limited")
    assert len(api.memory.images) == 4, "nothing stays of a form that is refused"
    client = Client(None, "127.0.0.1").pending_key
    assert count_free_places(api.dependencies.admission.quota, client) == 6, "what was refused holds no place"


@limited(max_pending_per_client=5)
async def test_every_file_of_a_form_takes_a_place_in_the_quota(api: Api) -> None:
    assert (await upload(api, 4)).status_code == 202
    assert problem_of(await upload(api, 2)) == (429, "too_many_pending_images")
    assert (await upload(api)).status_code == 202, "the refused form has given its place back"
    assert problem_of(await upload(api)) == (429, "too_many_pending_images")


@limited(max_pending_per_client=1)
async def test_a_place_is_free_again_when_the_image_has_ended(api: Api) -> None:
    image_id = (await upload(api)).json()["image_id"]
    assert problem_of(await upload(api)) == (429, "too_many_pending_images")

    await api.store.record_result(failed(image_id), {})
    await api.dependencies.admission.quota.refresh()

    assert (await upload(api)).status_code == 202


@limited(max_pending_per_client=2)
async def test_a_repeated_upload_takes_no_place(api: Api) -> None:
    for _ in range(5):
        answer = await api.http.post("/upload", files={"file": IMAGE}, headers={"Idempotency-Key": "once"})
        assert answer.status_code == 202

    assert (await upload(api)).status_code == 202


@limited(rate_limit_per_minute=0.001, rate_limit_burst=2)
async def test_a_retry_costs_a_token(api: Api) -> None:
    ids = await several_failed(api, 3)

    answers = [await api.http.post(f"/images/{image_id}/retry") for image_id in ids]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert problem_of(answers[2]) == (429, "rate_limited")
    assert [job.image_id for job in api.publisher.jobs] == ids[:2]


@limited(max_pending_per_client=2)
async def test_a_retry_takes_a_place_in_the_quota(api: Api) -> None:
    ids = await several_failed(api, 3)

    answers = [await api.http.post(f"/images/{image_id}/retry") for image_id in ids]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert problem_of(answers[2]) == (429, "too_many_pending_images")


@limited(max_backlog=4)
async def test_retries_are_refused_when_the_backlog_is_full(api: Api) -> None:
    ids = await several_failed(api, 6)
    await api.dependencies.admission.capacity.refresh()

    retried = await retry_all(api)

    assert retried.json()["retried"] == ids[:4], "also those that the figures of this second do not hold"
    assert problem_of(await api.http.post(f"/images/{ids[5]}/retry")) == (503, "backlog_full")
    assert problem_of(await retry_all(api)) == (503, "backlog_full")


@limited(rate_limit_per_minute=0.001, rate_limit_burst=4)
async def test_a_retry_of_many_stops_where_the_rate_ends_and_goes_on_from_there(api: Api) -> None:
    ids = await several_failed(api, 5)

    answer = await retry_all(api)

    assert answer.json()["retried"] == ids[:3], "one token is for reading the records"
    assert problem_of(await retry_all(api, answer.json()["next_cursor"])) == (429, "rate_limited")
    assert [job.image_id for job in api.publisher.jobs] == ids[:3]

    api.dependencies.admission.rate._buckets.clear()
    rest = await retry_all(api, answer.json()["next_cursor"])
    assert rest.json() == {"retried": ids[3:], "next_cursor": None}


@limited(max_pending_per_client=3)
async def test_a_retry_of_many_stops_where_the_quota_ends(api: Api) -> None:
    ids = await several_failed(api, 5)

    answer = await retry_all(api)

    assert answer.json()["retried"] == ids[:3]
    assert answer.json()["next_cursor"] is not None
    assert problem_of(await retry_all(api)) == (429, "too_many_pending_images")


@limited(rate_limit_per_minute=0.001, rate_limit_burst=2)
async def test_reading_a_thousand_records_has_a_rate_although_nothing_has_failed(api: Api) -> None:
    assert [(await retry_all(api)).status_code for _ in range(3)] == [202, 202, 429]


@limited(max_backlog=3)
async def test_uploads_that_are_refused_leave_the_capacity_as_it_was(api: Api) -> None:
    for _ in range(10):
        assert problem_of(await api.http.post("/upload", files={"file": b"no image"})) == (
            415,
            "unsupported_format",
        )

    assert [(await upload(api)).status_code for _ in range(4)] == [202, 202, 202, 503]
