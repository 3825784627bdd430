"""The demo uploads the repository's image, follows its status and fetches the results."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from scripts import demo

ID = "01a20bac-f5ec-7373-a1a2-b77efbfa2279"
OUTPUT = {
    "name": "large",
    "url": f"/images/{ID}/large",
    "media_type": "image/jpeg",
    "width": 8,
    "height": 6,
    "bytes": 3,
}


class Api(BaseHTTPRequestHandler):
    """Takes one upload, is processing at the first question and finished at the second."""

    uploads: list[tuple[bytes, str | None]]
    statuses: list[str]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.uploads.append((body, self.headers["Authorization"]))
        self._answer(json.dumps({"image_id": ID, "status_url": f"/status/{ID}"}).encode())

    def do_GET(self) -> None:
        if self.path == OUTPUT["url"]:
            return self._answer(b"jpg")
        status = self.statuses.pop(0)
        details = {"outputs": [OUTPUT]} if status == "completed" else {}
        error = "bad" if status == "failed" else None
        view = {"image_id": ID, "status": status, "details": details, "error": error, "error_code": error}
        return self._answer(json.dumps(view).encode())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[Api]]:
    handler = type("Handler", (Api,), {"uploads": [], "statuses": ["processing", "completed"]})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("API_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("API_KEY", "secret")
        monkeypatch.setattr(demo, "FOLDER", tmp_path / "demo")
        monkeypatch.setattr(sys, "argv", ["demo.py"])
        try:
            yield handler
        finally:
            server.shutdown()
            thread.join()


def test_the_image_of_the_repository_is_uploaded_and_its_outputs_are_fetched(
    api: type[Api], tmp_path: Path
) -> None:
    assert demo.main() == 0

    ((body, key),) = api.uploads
    assert demo.IMAGE.read_bytes() in body
    assert key == "Bearer secret"
    assert (tmp_path / "demo/large.jpg").read_bytes() == b"jpg"


def test_a_failed_image_ends_the_demo_with_its_reason(
    api: type[Api], capsys: pytest.CaptureFixture[str]
) -> None:
    api.statuses[:] = ["failed"]

    assert demo.main() == 1
    assert "error      bad (bad)" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_named(
    api: type[Api], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["demo.py", "nowhere.jpg"])

    assert demo.main() == 1
    assert "there is no file nowhere.jpg" in capsys.readouterr().err
    assert not api.uploads


@pytest.mark.parametrize(
    "written, port",
    {
        "API_PORT='8123'\n": "8123",
        "# API_PORT=8123\n": "8000",
        " API_PORT = 8123\n": "8123",
        "": "8000",
    }.items(),
)
def test_the_port_of_the_api_is_read_from_dotenv(
    written: str, port: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("API_URL", "API_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(demo, "ROOT", tmp_path)
    (tmp_path / ".env").write_text(written)

    assert demo.Api().url == f"http://127.0.0.1:{port}"
