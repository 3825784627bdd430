"""The promise of the 202: durable first, then announced, then answered."""

import httpx
import pytest

from common.errors import StoreFullError, StoreUnavailableError
from common.model import image_ids
from tests.support.http.api import Api, problem_of
from tests.support.images.minimal_gif import GIF
from tests.support.store.memory_files import MemoryUpload

IMAGE = GIF


async def upload(api: Api, data: bytes = IMAGE, key: str | None = None) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await api.http.post("/upload", files={"file": ("photo.jpg", data)}, headers=headers)


async def test_an_accepted_image_is_durable_and_its_job_published(api: Api) -> None:
    answer = await upload(api)

    assert answer.status_code == 202
    body = answer.json()
    assert body.keys() == {"image_id", "status", "message", "status_url"}
    assert body["status"] == "uploaded"
    assert answer.headers["Location"] == body["status_url"] == f"/status/{body['image_id']}"
    assert image_ids.is_valid(body["image_id"])
    record = await api.store.read(body["image_id"])
    assert record is not None
    assert record.manifest.filename == "photo.jpg"
    assert record.manifest.media_type == "image/gif"
    assert record.manifest.bytes == len(IMAGE)
    assert [job.image_id for job in api.publisher.jobs] == [body["image_id"]]
    assert api.counted("darkroom_uploads_total", outcome="accepted") == 1
    assert api.counted("darkroom_upload_bytes_total") == len(IMAGE)


async def test_the_bytes_decide_the_type_whatever_the_client_says(api: Api) -> None:
    files = {"file": ("page.html", GIF, "text/html")}
    answer = await api.http.post("/upload", files=files)

    record = await api.store.read(answer.json()["image_id"])
    assert record is not None
    assert record.manifest.media_type == "image/gif"


async def test_without_a_broker_uploads_are_accepted_and_noted(api: Api) -> None:
    api.publisher.break_down()

    answer = await upload(api)

    assert answer.status_code == 202
    assert list(api.memory.unpublished) == [answer.json()["image_id"]]


@pytest.mark.parametrize(
    "fault, status, code",
    [
        (StoreFullError("no room"), 507, "store_full"),
        (StoreUnavailableError("away"), 503, "store_unavailable"),
    ],
)
async def test_without_a_store_nothing_is_promised(
    api: Api, fault: Exception, status: int, code: str
) -> None:
    api.memory.fault = fault

    answer = await upload(api)

    assert problem_of(answer) == (status, code)
    assert ("Retry-After" in answer.headers) == (status == 503)
    assert not api.publisher.jobs


async def test_a_full_backlog_refuses(api: Api) -> None:
    for _ in range(100):
        api.memory.unfinished[image_ids.new()] = 0.0
    await api.dependencies.admission.capacity.refresh()

    answer = await upload(api)

    assert problem_of(answer) == (503, "backlog_full")
    assert int(answer.headers["Retry-After"]) > 0
    assert not api.memory.images


async def test_too_little_room_refuses(api: Api) -> None:
    api.memory.free = 1
    await api.dependencies.admission.capacity.refresh()

    assert problem_of(await upload(api)) == (503, "disk_reserve")


async def test_a_key_gives_the_same_image_for_the_same_bytes(api: Api) -> None:
    answers = [await upload(api, key="once") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202] * 3
    assert len({answer.json()["image_id"] for answer in answers}) == 1
    assert len(api.memory.images) == len(api.publisher.jobs) == 1


async def test_a_key_with_other_bytes_is_a_conflict_and_the_first_stays(api: Api) -> None:
    first = await upload(api, key="once")

    second = await upload(api, IMAGE + b"more", key="once")

    assert problem_of(second) == (409, "idempotency_key_reused")
    assert list(api.memory.images) == [first.json()["image_id"]]


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "caf\xe9"])
async def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    answer = await api.http.post("/upload", files={"file": ("photo.jpg", IMAGE)}, headers=headers)

    assert problem_of(answer) == (400, "invalid_idempotency_key")
    assert not api.memory.images


async def test_of_several_files_all_are_kept_or_none(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = MemoryUpload.commit

    async def second_fails(self: MemoryUpload, manifest: object) -> None:
        if api.memory.images:
            raise StoreFullError("no room")
        await commit(self, manifest)  # type: ignore[arg-type]

    monkeypatch.setattr(MemoryUpload, "commit", second_fails)
    files = [("file", (name, IMAGE)) for name in ("one.jpg", "two.jpg")]

    answer = await api.http.post("/upload", files=files)

    assert problem_of(answer) == (507, "store_full")
    assert not api.memory.images, "the client was told that nothing was kept"
