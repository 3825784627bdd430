"""Uploads one image and says where the results are: `python -m scripts.demo [IMAGE]`; standard library only.

Without an argument it uploads docs/images/demo.jpg. API_PORT (8000; also from .env) or API_URL says where Darkroom
answers, and API_KEY is sent where it is set.
"""

import json
import mimetypes
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from scripts.dotenv import read_dotenv
from scripts.run_variables import RUN_VARIABLES

ROOT = Path(__file__).resolve().parent.parent
IMAGE = ROOT / "docs/images/demo.jpg"
FOLDER = ROOT / "var/demo"
FINISHED_WITHIN_SECONDS = 120


class Api:
    """The API to upload to, at API_URL, else on this machine at API_PORT, with API_KEY where it is set."""

    def __init__(self) -> None:
        key = os.environ.get("API_KEY")
        self.url = os.environ.get("API_URL") or f"http://127.0.0.1:{_port()}"
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def get(self, path: str) -> bytes:
        """Return the body of an answer. Raises HTTPError for a refusal, OSError when nobody answers."""
        return self._send(urllib.request.Request(self.url + path, headers=self._headers), seconds=30)

    def post(self, path: str, body: bytes, content_type: str) -> bytes:
        """Send a body and return that of the answer. Raises as `get` does."""
        headers = self._headers | {"Content-Type": content_type}
        return self._send(urllib.request.Request(self.url + path, body, headers), seconds=60)

    def _send(self, request: urllib.request.Request, seconds: float) -> bytes:
        with urllib.request.urlopen(request, timeout=seconds) as response:
            content: bytes = response.read()
        return content


def _port() -> str:
    default = next(each.default for each in RUN_VARIABLES if each.name == "API_PORT")
    return os.environ.get("API_PORT") or read_dotenv(ROOT / ".env").get("API_PORT") or default


def main() -> int:
    """Upload the image, wait until it is finished, and fetch the results; return the exit code."""
    api = Api()
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGE
    if not path.is_file():
        print(f"there is no file {path}", file=sys.stderr)
        return 1
    try:
        accepted = _upload(api, path)
        print(f"{path.name} is accepted as {accepted['image_id']}", flush=True)
        image = _follow(api, accepted["status_url"])
        _show(api, image)
    except urllib.error.HTTPError as error:
        print(f"Refused with {error.code}: {error.read().decode(errors='replace')}", file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"{api.url} does not answer as expected ({error}); is it up? make up starts it.", file=sys.stderr
        )
        return 1
    return 0 if image["status"] == "completed" else 1


def _upload(api: Api, path: Path) -> dict[str, Any]:
    boundary = uuid.uuid4().hex
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    filename = path.name.replace('"', "%22")
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
        f"Content-Type: {media_type}\r\n\r\n"
    )
    body = head.encode() + path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    answer = api.post("/upload", body, f"multipart/form-data; boundary={boundary}")
    accepted: dict[str, Any] = json.loads(answer)
    return accepted


def _follow(api: Api, status_url: str) -> dict[str, Any]:
    """Ask until the image is finished and return its status; print one line that is kept up to date.

    Elsewhere than on a terminal it prints a line a change. Raises TimeoutError after FINISHED_WITHIN_SECONDS.
    """
    started, shown = time.monotonic(), ""
    while True:
        image: dict[str, Any] = json.loads(api.get(status_url))
        seconds = time.monotonic() - started
        if sys.stdout.isatty():
            print(f"\r\x1b[K{image['status']} ({seconds:.1f} s)", end="", flush=True)
        elif image["status"] != shown:
            print(f"{image['status']} ({seconds:.1f} s)", flush=True)
        shown = image["status"]
        if shown in ("completed", "failed"):
            print(end="\n" if sys.stdout.isatty() else "")
            return image
        if seconds > FINISHED_WITHIN_SECONDS:
            raise TimeoutError(f"{api.url}{status_url} still says {shown} after {FINISHED_WITHIN_SECONDS} s")
        time.sleep(0.2)


def _show(api: Api, image: dict[str, Any]) -> None:
    print(f"  status     {api.url}/status/{image['image_id']}")
    print(f"  original   {api.url}/images/{image['image_id']}/original")
    if image["error"]:
        print(f"  error      {image['error']} ({image['error_code']})")
    for output in image["details"].get("outputs", ()):
        extension = (
            mimetypes.guess_extension(output["media_type"]) or f".{output['media_type'].rpartition('/')[2]}"
        )
        path = FOLDER / f"{output['name']}{extension}"
        path.write_bytes(api.get(output["url"]))
        size = f"{output['width']}x{output['height']}, {output['bytes']} bytes"
        print(f"  {output['name']:10} {api.url}{output['url']}  ({size})\n             {path}")


if __name__ == "__main__":
    sys.exit(main())
