"""What is no image ends in a clear 4xx or as `failed` with a reason, never in a stuck status."""

import pytest

from tests.support.http.client import FINAL, Client
from tests.support.images.drawings import photograph
from tests.support.images.hostile import HOSTILE

REFUSED = {
    "empty": (422, "empty_file"),
    "text": (415, "unsupported_format"),
    "html": (415, "unsupported_format"),
    "svg": (415, "unsupported_format"),
    "pdf": (415, "unsupported_format"),
    "eps": (415, "unsupported_format"),
    "zip": (415, "unsupported_format"),
    "noise": (415, "unsupported_format"),
}
FAILED = sorted(set(HOSTILE) - set(REFUSED))


@pytest.mark.parametrize("kind", REFUSED)
def test_it_is_refused_at_the_door(client: Client, kind: str) -> None:
    status, code = REFUSED[kind]

    answer = client.http.post("/upload", files={"file": ("photo.jpg", HOSTILE[kind]().data, "image/jpeg")})

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["detail"]


@pytest.mark.parametrize("kind", FAILED)
def test_it_is_refused_or_fails_with_a_reason(client: Client, kind: str) -> None:
    hostile = HOSTILE[kind]()

    answer = client.http.post("/upload", files={"file": ("photo.jpg", hostile.data, "image/jpeg")})

    if answer.status_code != 202:
        assert 400 <= answer.status_code < 500
        assert answer.json()["code"] in (
            "unsupported_format",
            "image_too_large",
            "image_too_complex",
            "corrupt_image",
        )
        return
    ended = client.wait_for(answer.json()["image_id"], *FINAL)
    assert (ended["status"], ended["error_code"]) == ("failed", hostile.code)
    assert ended["error"]
    assert "/" not in ended["error"], "a path of the server has no place in an answer"


def test_neighbors_of_a_bad_image_are_unharmed(client: Client) -> None:
    good = [client.upload(photograph(320, 240)) for _ in range(2)]
    bad = client.upload(HOSTILE["jpeg truncated"]().data)
    good.append(client.upload(photograph(320, 240)))

    assert client.wait_for(bad, *FINAL)["status"] == "failed"
    for image_id in good:
        client.wait_completed(image_id)


def test_of_several_files_with_a_bad_one_none_is_kept(client: Client) -> None:
    files = [("file", ("good.jpg", photograph(320, 240))), ("file", ("bad.txt", b"no image at all" * 9))]

    answer = client.http.post("/upload", files=files)

    assert answer.status_code == 415
    assert "image_id" not in answer.json()
