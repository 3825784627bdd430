"""Keys that stand for an upload."""

import asyncio

import pytest

from common.errors import StoreFullError
from services.api.http.problems import Problem
from services.api.uploads.idempotency import read_key
from tests.support.http.api import Api, problem_of
from tests.support.images.minimal_gif import GIF


@pytest.mark.parametrize(
    "header, key", [(None, None), ("a", "a"), (' "a b" ', "a b"), ("x" * 255, "x" * 255)]
)
def test_a_key_is_read_with_or_without_its_quotes(header: str | None, key: str | None) -> None:
    assert read_key(header) == key


@pytest.mark.parametrize("header", ["", '""', "x" * 256, "\x7f", "a\tb", "é"])
def test_what_is_no_key_is_refused(header: str) -> None:
    with pytest.raises(Problem) as caught:
        read_key(header)
    assert (caught.value.status, caught.value.code) == (400, "invalid_idempotency_key")


async def test_two_at_once_give_one_image(api: Api) -> None:
    answers = await asyncio.gather(
        *(
            api.http.post("/upload", files={"file": ("a.gif", GIF)}, headers={"Idempotency-Key": "once"})
            for _ in range(10)
        )
    )

    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["image_id"] for answer in answers} == set(api.memory.images)
    assert len(api.memory.images) == 1
    assert len(api.publisher.jobs) == 1


async def test_several_files_are_one_claim(api: Api) -> None:
    files = [("file", (name, GIF)) for name in ("a.gif", "b.gif")]
    first, second = [
        await api.http.post("/upload", files=files, headers={"Idempotency-Key": "both"}) for _ in range(2)
    ]
    fewer = await api.http.post("/upload", files=files[:1], headers={"Idempotency-Key": "both"})

    assert first.json() == second.json()
    assert problem_of(fewer) == (409, "idempotency_key_reused")
    assert len(api.memory.images) == 2


async def test_a_key_whose_image_was_deleted_is_free_again(api: Api) -> None:
    headers = {"Idempotency-Key": "again"}
    first = (await api.http.post("/upload", files={"file": ("a.gif", GIF)}, headers=headers)).json()[
        "image_id"
    ]
    await api.http.delete(f"/images/{first}")
    second = await api.http.post("/upload", files={"file": ("a.gif", GIF + b"x")}, headers=headers)

    assert second.status_code == 202
    assert second.json()["image_id"] != first


async def test_of_an_upload_whose_key_cannot_be_claimed_nothing_is_left(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise StoreFullError("the store has no room left")

    monkeypatch.setattr(type(api.dependencies.stores.keys), "claim", full)
    answer = await api.http.post(
        "/upload", files={"file": ("a.gif", GIF)}, headers={"Idempotency-Key": "full"}
    )

    assert problem_of(answer) == (507, "store_full")
    assert not api.memory.images
    assert not api.publisher.jobs
