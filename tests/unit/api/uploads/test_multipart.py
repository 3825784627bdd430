"""The body of an upload, cut wherever a network may cut it, and malformed in every way that matters."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.http.api import Api, problem_of
from tests.support.images.minimal_gif import GIF
from tests.support.store.stored_images import content_of

BOUNDARY = "a-boundary"
FORM_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
# Line ends and dashes within the file must not be taken for the boundary.
IMAGE = GIF + b"\r\n--a-boundar\r\n--" + bytes(range(60)) + b"\r\n\r\n--"


def part(
    data: bytes, headers: str = 'Content-Disposition: form-data; name="file"; filename="a.jpg"'
) -> bytes:
    return f"--{BOUNDARY}\r\n{headers}\r\n\r\n".encode() + data + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()
BODY = part(IMAGE) + END


async def upload(api: Api, *pieces: bytes, media_type: str | None = FORM_TYPE) -> httpx.Response:
    async def sent() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    headers = {} if media_type is None else {"Content-Type": media_type}
    return await api.http.post("/upload", content=sent(), headers=headers)


async def kept(api: Api, answer: httpx.Response) -> bytes:
    assert answer.status_code == 202, answer.text
    return await content_of(
        await api.store.open_file(answer.json()["image_id"], "original", media_type="image/png")
    )


@pytest.mark.parametrize("at", range(len(BODY) + 1))
async def test_a_form_may_be_cut_anywhere(api: Api, at: int) -> None:
    assert await kept(api, await upload(api, BODY[:at], BODY[at:])) == IMAGE


async def test_a_form_may_come_one_byte_at_a_time(api: Api) -> None:
    assert await kept(api, await upload(api, *(BODY[at : at + 1] for at in range(len(BODY))))) == IMAGE


async def test_a_form_that_ends_too_early_is_malformed_wherever_it_ends(api: Api) -> None:
    for length in range(1, len(BODY) - len(b"--\r\n")):
        answer = await upload(api, BODY[:length])
        assert problem_of(answer) == (400, "malformed_multipart"), length
    assert not api.memory.images
    assert not api.memory.incoming


@pytest.mark.parametrize(
    "pieces", [(b"hello\r\n" + BODY,), (BODY + b"hello",), (b"hello\r\n", BODY, b"hello", b"hello")]
)
async def test_what_surrounds_the_parts_is_ignored(api: Api, pieces: tuple[bytes, ...]) -> None:
    assert await kept(api, await upload(api, *pieces)) == IMAGE


@pytest.mark.parametrize("size", [len(GIF), len(GIF) + 1, 999, 1000])
async def test_raw_bytes_come_through_up_to_the_limit(api: Api, size: int) -> None:
    data = GIF + bytes(size - len(GIF))

    assert await kept(api, await upload(api, data[:1], data[1:], media_type="image/gif")) == data


MALFORMED: dict[str, tuple[str | None, bytes, int, str]] = {
    "no type at all": (None, BODY, 415, "unsupported_media_type"),
    "a type of something else": ("application/json", b"{}", 415, "unsupported_media_type"),
    "a urlencoded form": ("application/x-www-form-urlencoded", b"file=x", 415, "unsupported_media_type"),
    "no boundary": ("multipart/form-data", BODY, 400, "malformed_multipart"),
    "an empty boundary": ('multipart/form-data; boundary=""', BODY, 400, "malformed_multipart"),
    "another boundary": ("multipart/form-data; boundary=another", BODY, 400, "malformed_multipart"),
    "an endless boundary": (f"multipart/form-data; boundary={'x' * 2000}", BODY, 400, "malformed_multipart"),
    "nothing": (FORM_TYPE, b"", 400, "malformed_multipart"),
    "no parts": (FORM_TYPE, END, 422, "missing_file"),
    "something before the first part, on its line": (FORM_TYPE, b"hello" + BODY, 400, "malformed_multipart"),
    "no end of what comes before the parts": (FORM_TYPE, b"hello\r\n" * 200_000, 413, "multipart_limit"),
    "no end of what comes after the parts": (FORM_TYPE, BODY + b"hello" * 200_000, 413, "multipart_limit"),
    "a part without a name": (
        FORM_TYPE,
        part(IMAGE, "Content-Disposition: form-data") + END,
        400,
        "malformed_multipart",
    ),
    "a part without headers": (FORM_TYPE, part(IMAGE, "X: y") + END, 400, "malformed_multipart"),
    "a name that is not UTF-8": (
        FORM_TYPE,
        BODY.replace(b"a.jpg", b"\xff\xfe.jpg"),
        400,
        "malformed_multipart",
    ),
    "another field": (
        FORM_TYPE,
        part(IMAGE, 'Content-Disposition: form-data; name="image"; filename="a.jpg"') + END,
        422,
        "unknown_field",
    ),
    "an empty file": (FORM_TYPE, part(b"") + END, 422, "empty_file"),
    "an empty raw body": ("image/jpeg", b"", 422, "empty_file"),
    "too many files": (FORM_TYPE, part(IMAGE) * 4 + END, 413, "too_many_files"),
    "ten thousand parts": (FORM_TYPE, part(IMAGE) * 10_000 + END, 413, "multipart_limit"),
    "a header that does not end": (
        FORM_TYPE,
        part(IMAGE, "X: " + "y" * 5000) + END,
        413,
        "multipart_limit",
    ),
    "many headers": (
        FORM_TYPE,
        part(IMAGE, "\r\n".join(f"X-{n}: y" for n in range(20))) + END,
        413,
        "multipart_limit",
    ),
    "a file that is too large": (FORM_TYPE, part(IMAGE + bytes(1000)) + END, 413, "upload_too_large"),
    "a raw body that is too large": ("image/jpeg", IMAGE + bytes(1000), 413, "upload_too_large"),
}


@pytest.mark.parametrize("kind", MALFORMED)
async def test_what_is_wrong_is_said_and_nothing_stays(api: Api, kind: str) -> None:
    media_type, body, status, code = MALFORMED[kind]

    answer = await upload(api, body, media_type=media_type)

    assert problem_of(answer) == (status, code)
    assert not api.memory.images
    assert not api.memory.incoming
    assert not api.publisher.jobs
    assert api.counted("darkroom_uploads_total", outcome=code) == 1


@pytest.mark.parametrize(
    "media_type",
    ["Multipart/Form-Data; Boundary=a-boundary", 'multipart/form-data; charset=utf-8; boundary="a-boundary"'],
)
async def test_the_type_may_be_written_as_the_standards_allow(api: Api, media_type: str) -> None:
    assert await kept(api, await upload(api, BODY, media_type=media_type)) == IMAGE


async def test_a_body_that_stops_coming_is_given_up(api: Api) -> None:
    async def stops() -> AsyncIterator[bytes]:
        yield BODY[:100]
        await asyncio.Event().wait()

    async with asyncio.timeout(5):
        answer = await api.http.post("/upload", content=stops(), headers={"Content-Type": FORM_TYPE})

    assert problem_of(answer) == (408, "upload_timeout")
    assert not api.memory.incoming


async def test_several_files_are_several_images_in_their_order(api: Api) -> None:
    originals = [IMAGE + bytes([number]) for number in range(3)]

    answer = await upload(api, b"".join(part(original) for original in originals) + END)

    images = answer.json()["images"]
    assert [await _original(api, image["image_id"]) for image in images] == originals
    assert [job.image_id for job in api.publisher.jobs] == [image["image_id"] for image in images]


async def _original(api: Api, image_id: str) -> bytes:
    return await content_of(await api.store.open_file(image_id, "original", media_type="image/png"))
