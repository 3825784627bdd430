"""All images together: listing with a cursor, deleting, running again."""

from datetime import UTC, datetime, timedelta

import pytest

from services.api.endpoints import images as catalog
from services.api.endpoints import paging
from tests.support.http.api import Api, damage, problem_of
from tests.support.store.stored_images import completed, failed, uploaded

KNOWN = "01a20bac-f5ec-7373-a1a2-b77efbfa2279"
NO_ID = "ffffffff-ffff-7fff-bfff-ffffffffffff"  # in the form of an id, of a time beyond all calendars


async def three(api: Api) -> list[str]:
    """The ids of an image that waits, one that failed and one that is completed, oldest first."""
    waiting, bad, good = [await uploaded(api.store) for _ in range(3)]
    await api.store.record_result(failed(bad), {})
    await api.store.record_result(*completed(good))
    return [waiting, bad, good]


def spread(count: int) -> list[str]:
    """Ids of different moments, oldest first."""
    return [f"01a20bac-{number:04x}-7373-a1a2-b77efbfa2279" for number in range(count)]


async def listed(api: Api, **query: str) -> list[str]:
    """The ids of all pages."""
    found: list[str] = []
    while True:
        page = (await api.http.get("/images", params=query)).json()
        found += [image["image_id"] for image in page["images"]]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


async def retried_since(api: Api, since: str) -> list[str]:
    """The ids of all failed images, run again page by page."""
    query, found = {"since": since}, []
    while True:
        page = (await api.http.post("/images/retry", params=query)).json()
        found += page["retried"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


async def test_images_are_listed_newest_first(api: Api) -> None:
    made = await three(api)

    answer = await api.http.get("/images")

    assert answer.headers["Cache-Control"] == "no-store"
    images = answer.json()["images"]
    assert [image["image_id"] for image in images] == made[::-1]
    assert [image["status"] for image in images] == ["completed", "failed", "uploaded"]
    assert images[1]["error_code"] == "corrupt_image"
    assert answer.json()["next_cursor"] is None


@pytest.mark.parametrize("limit", ["1", "2", "3", "500"])
async def test_pages_hold_each_image_once(api: Api, limit: str) -> None:
    made = await three(api)

    assert await listed(api, limit=limit) == made[::-1]


@pytest.mark.parametrize("status, which", [("uploaded", 0), ("failed", 1), ("completed", 2)])
async def test_a_status_is_asked_for(api: Api, status: str, which: int) -> None:
    made = await three(api)

    assert await listed(api, status=status) == [made[which]]


async def test_a_page_may_be_short_but_the_cursor_goes_on(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MAX_EXAMINED", 2)
    monkeypatch.setattr(catalog, "_CHUNK", 2)
    oldest, *others = [await uploaded(api.store, image_id=image_id) for image_id in spread(6)]
    await api.store.record_result(failed(oldest), {})

    page = (await api.http.get("/images", params={"status": "failed"})).json()

    assert page["images"] == []
    assert page["next_cursor"] not in others, "it would tell a stranger an id"
    assert await listed(api, status="failed") == [oldest]


async def test_images_of_one_moment_are_not_torn_apart(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MAX_EXAMINED", 4)
    monkeypatch.setattr(catalog, "_CHUNK", 2)
    made = [image_id[:-1] + digit for image_id in spread(5) for digit in "159"]
    for image_id in made:
        await api.store.record_result(failed(await uploaded(api.store, image_id=image_id)), {})

    assert await listed(api, status="failed") == made[::-1]
    assert await retried_since(api, "2020-01-01T00:00:00Z") == made[::-1]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"}, {"limit": "501"}, {"limit": "-1"}, {"limit": "1e2"}, {"limit": ""}, {"limit": "٣"},
        {"limit": "000000001" + "0" * 5000}, {"limit": "0000000019999999"},
        {"status": "lost"}, {"status": ""}, {"cursor": "../../etc"}, {"cursor": "x"}, {"cursor": NO_ID},
    ],
)  # fmt: skip
async def test_a_wrong_parameter_is_named(api: Api, query: dict[str, str]) -> None:
    answer = await api.http.get("/images", params=query)

    assert problem_of(answer) == (422, "invalid_parameter")
    assert answer.json()["parameter"] == next(iter(query))


async def test_an_image_is_deleted_and_its_deletion_told(api: Api) -> None:
    (image_id, *others) = await three(api)

    answer = await api.http.delete(f"/images/{image_id}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert [event.type for event in api.publisher.events] == ["image.deleted"]
    assert sorted(api.memory.images) == others
    assert problem_of(await api.http.delete(f"/images/{image_id}")) == (404, "image_not_found")


async def test_an_image_is_deleted_also_when_nobody_can_be_told(api: Api) -> None:
    image_id = await uploaded(api.store)
    api.publisher.break_down()

    assert (await api.http.delete(f"/images/{image_id}")).status_code == 204
    assert not api.memory.images


async def test_a_failed_image_is_run_again(api: Api) -> None:
    _, bad, _ = await three(api)

    answer = await api.http.post(f"/images/{bad}/retry")

    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/status/{bad}"
    assert [job.image_id for job in api.publisher.jobs] == [bad]
    assert (await api.http.get(f"/status/{bad}")).json()["status"] == "uploaded"


async def test_only_a_failed_image_is_run_again(api: Api) -> None:
    waiting, _, good = await three(api)

    for image_id in (waiting, good):
        assert problem_of(await api.http.post(f"/images/{image_id}/retry")) == (409, "not_failed")
    assert not api.publisher.jobs


async def test_all_failed_images_since_a_time_are_run_again(api: Api) -> None:
    _, bad, _ = await three(api)
    hour = timedelta(hours=1)
    since = [(datetime.now(UTC) + shift).isoformat() for shift in (hour, -hour)]

    later = await api.http.post("/images/retry", params={"since": since[0]})
    earlier = await api.http.post("/images/retry", params={"since": since[1]})

    assert later.json() == {"retried": [], "next_cursor": None}
    assert earlier.json() == {"retried": [bad], "next_cursor": None}
    assert [job.image_id for job in api.publisher.jobs] == [bad]


async def test_running_many_again_goes_on_with_a_cursor(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MAX_EXAMINED", 2)
    made = [await uploaded(api.store, image_id=image_id) for image_id in spread(5)]
    for image_id in made:
        await api.store.record_result(failed(image_id), {})

    assert await retried_since(api, "2020-01-01T00:00:00Z") == made[::-1]


@pytest.mark.parametrize(
    "since", ["", "yesterday", "2026-01-31", "2026-01-31T12:00:00", "2026-13-01T00:00:00Z", "9" * 5000]
)
async def test_since_is_a_time_with_its_zone(api: Api, since: str) -> None:
    answer = await api.http.post("/images/retry", params={"since": since})

    assert problem_of(answer) == (422, "invalid_parameter")


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_since_may_be_any_time(api: Api, since: str) -> None:
    assert (await api.http.post("/images/retry", params={"since": since})).status_code == 202


@pytest.mark.parametrize(
    "image_id",
    ["x", "..", "%2e%2e", "%2F..%2F", NO_ID, NO_ID.upper(), "a" * 5000, "%00", KNOWN + "%0a", KNOWN],
)
async def test_what_is_no_id_is_an_image_that_is_not_there(api: Api, image_id: str) -> None:
    for method, path in (
        ("GET", "/status/{}"), ("GET", "/images/{}"), ("GET", "/images/{}/large"), ("GET", "/images/{}/original"),
        ("DELETE", "/images/{}"), ("POST", "/images/{}/retry"),
    ):  # fmt: skip
        answer = await api.http.request(method, path.format(image_id))
        assert answer.status_code == 404, (method, path)
        assert problem_of(answer)[1] in ("image_not_found", "not_found")


async def test_a_record_that_cannot_be_read_hides_no_other(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged, bad, good = await three(api)
    damage(monkeypatch, api.store, damaged)

    assert await listed(api) == [good, bad]
    assert await retried_since(api, "2020-01-01T00:00:00Z") == [bad]
    assert problem_of(await api.http.get(f"/status/{damaged}")) == (503, "record_unreadable")


async def test_all_failed_images_since_before_time_began_are_run_again(api: Api) -> None:
    assert await retried_since(api, "1950-01-01T00:00:00Z") == []


async def test_a_retry_of_an_image_that_is_deleted_meanwhile_finds_none_and_leaves_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = await uploaded(api.store)
    await api.store.record_result(failed(image_id), {})
    catalog = api.dependencies.stores.catalog
    reopen = catalog.reopen

    async def deleted_first(asked: str) -> bool:
        await catalog.delete(asked)
        return await reopen(asked)

    monkeypatch.setattr(catalog, "reopen", deleted_first)

    assert problem_of(await api.http.post(f"/images/{image_id}/retry")) == (404, "image_not_found")
    assert not api.memory.unpublished
    assert not api.publisher.jobs
