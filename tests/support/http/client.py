"""The API as a client of ours uses it."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from PIL import Image

from tests.support.ports import HOST
from tests.support.waiting import wait_until

FINAL = ("completed", "failed")


class Client:
    """Uploads, waits, fetches."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def upload(self, data: bytes, filename: str = "image.jpg") -> str:
        """The id of an image that was accepted."""
        answer = self.http.post("/upload", files={"file": (filename, data)})
        assert answer.status_code == 202, answer.text
        image_id: str = answer.json()["image_id"]
        return image_id

    def status(self, image_id: str) -> dict[str, Any]:
        """What `GET /status/{image_id}` says."""
        answer = self.http.get(f"/status/{image_id}")
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def wait_for(self, image_id: str, *statuses: str, within: float = 60.0) -> dict[str, Any]:
        """The status once it is one of these."""

        def reached() -> dict[str, Any] | None:
            now = self.status(image_id)
            return now if now["status"] in statuses else None

        body = wait_until(reached, f"{image_id} is {' or '.join(statuses)}", within=within)
        assert body is not None
        return body

    def wait_completed(self, image_id: str, *, within: float = 60.0) -> dict[str, Any]:
        """The status of an image that must not fail."""
        body = self.wait_for(image_id, *FINAL, within=within)
        assert body["status"] == "completed", body
        return body

    def output_image(self, image_id: str, output: str) -> Image.Image:
        """An output, decoded."""
        answer = self.http.get(f"/images/{image_id}/{output}")
        assert answer.status_code == 200, answer.text
        image = Image.open(io.BytesIO(answer.content))
        image.load()
        return image


@contextmanager
def open_client(port: int) -> Iterator[Client]:
    """A client of the API on `port`; whatever the machine's own proxy settings are."""
    base = f"http://{HOST}:{port}"
    with httpx.Client(base_url=base, trust_env=False, timeout=30.0) as http:
        yield Client(http)
