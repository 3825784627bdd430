"""What an operator reads: one JSON object a line, each line of a job with the image's id."""

import pytest

from common import __version__
from tests.support.http.client import FINAL, Client
from tests.support.images.drawings import photograph
from tests.support.images.hostile import HOSTILE
from tests.support.processes.stack import Stack

KINDS = ("api", "worker", "notifications")


@pytest.mark.parametrize("kind", KINDS)
def test_every_line_says_when_how_severe_what_and_who(client: Client, darkroom: Stack, kind: str) -> None:
    client.wait_completed(client.upload(photograph(320, 240)))

    lines = [line for service in darkroom.of(kind) for line in service.log()]

    assert lines
    for line in lines:
        assert {"timestamp", "level", "event", "service"} <= line.keys(), line
        assert line["service"] == kind


def test_every_process_says_its_version_when_it_starts(darkroom: Stack) -> None:
    for service in darkroom.services:
        assert service.logged("service.starting", version=__version__), service.name


def test_every_line_of_a_job_carries_the_image_id(client: Client, darkroom: Stack) -> None:
    image_ids = [client.upload(photograph(320, 240)), client.upload(HOSTILE["jpeg truncated"]().data)]
    for image_id in image_ids:
        client.wait_for(image_id, *FINAL)

    lines = [line for service in darkroom.services for line in service.log()]

    of_jobs = [line for line in lines if line["event"].startswith(("job.", "upload.", "notification."))]
    assert all("image_id" in line for line in of_jobs), [line for line in of_jobs if "image_id" not in line]
    told = {line["event"] for line in of_jobs if line["image_id"] in image_ids}
    assert {"upload.accepted", "job.image_failed", "job.finished", "notification.sent"} <= told


def test_no_line_holds_the_password_or_the_image(client: Client, darkroom: Stack) -> None:
    client.wait_completed(client.upload(photograph(320, 240)))

    for service in darkroom.services:
        for line in service.log():
            assert "guest:guest" not in str(line)
            assert len(str(line)) < 5000
