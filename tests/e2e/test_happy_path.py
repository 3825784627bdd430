"""From the upload to the developed image and the announcement, on the real processes."""

from typing import Any

import pytest

from tests.support.http.client import Client
from tests.support.images.drawings import photograph
from tests.support.processes.stack import Stack
from tests.support.waiting import wait_until


def test_an_upload_is_developed_into_both_outputs(client: Client) -> None:
    answer = client.http.post("/upload", files={"file": ("holiday.jpg", photograph(1200, 900))})

    assert answer.status_code == 202
    accepted = answer.json()
    assert accepted.keys() == {"image_id", "status", "message", "status_url"}
    assert accepted["status"] == "uploaded"
    assert answer.headers["Location"] == accepted["status_url"] == f"/status/{accepted['image_id']}"
    finished = client.wait_completed(accepted["image_id"])
    assert finished["error"] is finished["error_code"] is None
    assert _outputs(finished) == {("large", "image/jpeg", 800, 600), ("thumbnail", "image/webp", 200, 200)}
    for output in finished["details"]["outputs"]:
        image = client.output_image(accepted["image_id"], output["name"])
        assert image.size == (output["width"], output["height"])


def test_several_files_in_one_upload_are_each_an_image(client: Client) -> None:
    names = ["first.jpg", "second.jpg", "third.jpg"]
    files = [("file", (name, photograph(320, 240))) for name in names]
    answer = client.http.post("/upload", files=files)

    assert answer.status_code == 202
    image_ids = [image["image_id"] for image in answer.json()["images"]]
    assert len(set(image_ids)) == 3
    finished = [client.wait_completed(image_id) for image_id in image_ids]
    assert [each["details"]["filename"] for each in finished] == names


def test_the_raw_bytes_of_an_image_are_an_upload_as_well(client: Client) -> None:
    headers = {"Content-Type": "image/jpeg"}
    answer = client.http.post("/upload?filename=raw.jpg", content=photograph(320, 240), headers=headers)

    assert answer.status_code == 202
    finished = client.wait_completed(answer.json()["image_id"])
    assert finished["details"]["filename"] == "raw.jpg"


def test_the_original_comes_back_byte_for_byte_and_only_as_a_download(client: Client) -> None:
    data = photograph(320, 240)
    image_id = client.upload(data, "Ferien in Köln.jpg")

    answer = client.http.get(f"/images/{image_id}/original")

    assert answer.content == data
    assert answer.headers["Content-Type"] == "image/jpeg"
    disposition = answer.headers["Content-Disposition"]
    assert disposition == "attachment; filename*=utf-8''Ferien%20in%20K%C3%B6ln.jpg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_notifications_tell_of_the_start_and_the_end(client: Client, darkroom: Stack) -> None:
    image_id = client.upload(photograph(320, 240))
    client.wait_completed(image_id)

    def told() -> list[str]:
        lines = darkroom.notifications.logged("notification.sent", image_id=image_id)
        return [line["event_type"] for line in lines]

    wait_until(lambda: len(told()) == 2, "two notifications")
    assert sorted(told()) == ["image.completed", "image.processing"]


def test_workers_share_the_work(client: Client, darkroom: Stack) -> None:
    image_ids = [client.upload(photograph(1200, 900)) for _ in range(12)]

    for image_id in image_ids:
        client.wait_completed(image_id)

    shares = [
        {line["image_id"] for line in worker.logged("job.finished")} & set(image_ids)
        for worker in darkroom.of("worker")
    ]
    assert all(shares)
    assert sum(len(share) for share in shares) == 12


@pytest.mark.parametrize("kind", ["api", "worker", "notifications"])
def test_every_process_tells_its_health_and_its_metrics(darkroom: Stack, kind: str) -> None:
    service = darkroom.of(kind)[0]

    assert service.get("/healthz") == service.get("/readyz") == service.get("/metrics") == 200


def test_nothing_is_left_behind(client: Client, darkroom: Stack) -> None:
    client.wait_completed(client.upload(photograph(320, 240)))

    darkroom.wait_nothing_left()


def _outputs(status: dict[str, Any]) -> set[tuple[str, str, int, int]]:
    outputs = status["details"]["outputs"]
    return {(each["name"], each["media_type"], each["width"], each["height"]) for each in outputs}
