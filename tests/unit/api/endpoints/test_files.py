"""Statuses, records and files: with validators, ranges, and names that do no harm."""

import time
from pathlib import Path

import msgspec
import pytest

from services.api.auth.api_keys import create_key
from services.api.auth.url_signing import SignedUrlClaims, UrlSigner
from tests.support.http.api import Api, open_api, problem_of
from tests.support.store.stored_images import completed, uploaded


async def developed(api: Api, data: bytes = b"developed") -> str:
    image_id = await uploaded(api.store)
    await api.store.record_result(*completed(image_id, data=data))
    return image_id


async def test_a_status_is_never_kept_by_a_cache(api: Api) -> None:
    image_id = await uploaded(api.store)

    for path in (f"/status/{image_id}", f"/images/{image_id}"):
        answer = await api.http.get(path)
        assert answer.json()["status"] == "uploaded"
        assert answer.headers["Cache-Control"] == "no-store"


async def test_an_output_is_served_with_a_validator_and_for_ever(api: Api) -> None:
    path = f"/images/{await developed(api)}/large"

    answer = await api.http.get(path)

    assert (answer.status_code, answer.content) == (200, b"developed")
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Content-Disposition" not in answer.headers
    for field in (
        answer.headers["ETag"],
        f'"x", {answer.headers["ETag"]}',
        f"W/{answer.headers['ETag']}",
        "*",
    ):
        again = await api.http.get(path, headers={"If-None-Match": field})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == answer.headers["ETag"]
    assert (await api.http.get(path, headers={"If-None-Match": '"other"'})).status_code == 200


async def test_what_needs_a_key_is_not_for_caches_that_many_share(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text(create_key("alice")[1])
    secret = "a secret of some length"
    async with open_api(
        monkeypatch, tmp_path, api_keys_file=str(tmp_path / "keys"), url_signing_secrets=(secret,)
    ) as api:
        image_id = await developed(api)
        grant_path = f"/images/{image_id}/large"
        url = UrlSigner((secret,)).url(SignedUrlClaims("GET", grant_path, int(time.time()) + 60, "alice"))
        answer = await api.http.get(url)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"].startswith("private, ")


async def test_a_range_is_served_and_one_outside_refused(api: Api) -> None:
    path = f"/images/{await developed(api)}/large"

    part = await api.http.get(path, headers={"Range": "bytes=2-4"})
    outside = await api.http.get(path, headers={"Range": "bytes=9-"})

    assert (part.status_code, part.content) == (206, b"vel")
    assert part.headers["Content-Range"] == "bytes 2-4/9"
    assert problem_of(outside) == (416, "range_not_satisfiable")
    assert outside.headers["Content-Range"] == "bytes */9"


async def test_an_original_is_a_download_under_its_own_name(api: Api) -> None:
    image_id = await uploaded(api.store)

    answer = await api.http.get(f"/images/{image_id}/original")

    assert answer.content == b"image"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="photo.jpg"'
    assert answer.headers["Cache-Control"].startswith("private")


async def test_what_is_not_made_yet_or_never_will_be_is_told_apart(api: Api) -> None:
    waiting, good = await uploaded(api.store), await developed(api)

    assert problem_of(await api.http.get(f"/images/{waiting}/large")) == (404, "output_not_ready")
    for name in ("huge", "original.jpg", "manifest.json", "large.png"):
        answer = await api.http.get(f"/images/{good}/{name}")
        assert answer.status_code == 404, name


async def test_outputs_that_share_a_file_answer_under_both_names(api: Api) -> None:
    image_id = await uploaded(api.store)
    result, files = completed(image_id, data=b"developed")
    first = result.outputs[0]
    second = msgspec.structs.replace(first, name="larger")
    await api.store.record_result(msgspec.structs.replace(result, outputs=(first, second)), files)

    for path in ("large", "large.jpg", "larger", "larger.jpg"):
        answer = await api.http.get(f"/images/{image_id}/{path}")
        assert (answer.status_code, answer.content) == (200, b"developed")
        assert "Vary" not in answer.headers


async def test_a_head_says_what_a_get_would_and_sends_nothing(api: Api) -> None:
    path = f"/images/{await developed(api)}/large"

    head, whole = await api.http.head(path), await api.http.get(path)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == whole.headers
    assert head.headers["Content-Length"] == "9"


async def test_a_large_file_is_sent_whole(api: Api) -> None:
    data = bytes(range(256)) * 600
    path = f"/images/{await developed(api, data)}/large"

    assert (await api.http.get(path)).content == data


async def test_every_file_that_is_opened_is_closed(api: Api) -> None:
    path = f"/images/{await developed(api)}/large"
    etag = (await api.http.get(path)).headers["ETag"]

    for field in ({}, {"Range": "bytes=1-2"}, {"Range": "bytes=99-"}, {"If-None-Match": etag}):
        await api.http.get(path, headers=field)
        await api.http.head(path, headers=field)

    assert api.memory.open_files == 0


async def test_a_store_that_serves_its_files_itself_is_where_the_client_is_sent(api: Api) -> None:
    path = f"/images/{await developed(api)}/large"
    api.memory.redirect_url = "https://store.example/large?signature=x"

    answer = await api.http.get(path)

    assert (answer.status_code, answer.headers["Location"]) == (307, api.memory.redirect_url)
    assert answer.headers["Cache-Control"] == "no-store"
    assert api.memory.open_files == 0


async def test_a_file_that_has_not_changed_is_not_sent_again(api: Api) -> None:
    path = f"/images/{await developed(api)}/large"
    whole = await api.http.get(path)
    kept = ("ETag", "Last-Modified", "Cache-Control", "Cross-Origin-Resource-Policy")

    for fields in (
        {"If-Modified-Since": whole.headers["Last-Modified"]},
        {"If-None-Match": whole.headers["ETag"], "Range": "bytes=2-4"},
        {"If-Match": whole.headers["ETag"], "If-None-Match": "*"},
    ):
        for method in ("GET", "HEAD"):
            again = await api.http.request(method, path, headers=fields)
            assert (again.status_code, again.content) == (304, b""), fields
            assert [again.headers[name] for name in kept] == [whole.headers[name] for name in kept]
    newer = {"If-None-Match": '"x"', "If-Modified-Since": whole.headers["Last-Modified"]}
    assert (await api.http.get(path, headers=newer)).status_code == 200


async def test_a_file_that_is_not_the_one_meant_is_not_sent(api: Api) -> None:
    path = f"/images/{await developed(api)}/large"

    for fields in ({"If-Match": '"x"'}, {"If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}):
        assert problem_of(await api.http.get(path, headers=fields)) == (412, "precondition_failed")


async def test_a_range_is_of_the_file_that_the_client_has_a_part_of(api: Api) -> None:
    path = f"/images/{await developed(api)}/large"
    whole = await api.http.get(path)
    etag, modified = whole.headers["ETag"], whole.headers["Last-Modified"]

    for validator, status in (
        (etag, 206), (modified, 206), (f"W/{etag}", 200), ('"x"', 200), ("Thu, 01 Jan 2015 00:00:00 GMT", 200),
    ):  # fmt: skip
        part = await api.http.get(path, headers={"Range": "bytes=2-4", "If-Range": validator})
        assert (part.status_code, part.content) == (status, b"vel" if status == 206 else b"developed"), (
            validator
        )
    changed = await api.http.get(path, headers={"Range": "bytes=99-", "If-Range": '"x"'})
    assert (changed.status_code, changed.content) == (200, b"developed"), "the range is not even looked at"


async def test_a_range_means_nothing_for_a_head(api: Api) -> None:
    path = f"/images/{await developed(api)}/large"

    for field in ("bytes=2-4", "bytes=99-"):
        head = await api.http.head(path, headers={"Range": field})
        assert (head.status_code, head.headers["Content-Length"]) == (200, "9")
        assert "Content-Range" not in head.headers


async def test_an_output_may_be_embedded_anywhere_and_an_original_nowhere_else(api: Api) -> None:
    image_id = await developed(api)

    output = await api.http.get(f"/images/{image_id}/large")
    original = await api.http.get(f"/images/{image_id}/original")

    assert output.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert original.headers["Cross-Origin-Resource-Policy"] == "same-origin"
