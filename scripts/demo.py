"""Develops one picture and says where the results are: `python scripts/demo.py [PICTURE]`; standard library only.

Without a picture it paints one. API_PORT (8000; also from .env) or API_URL says where Darkroom answers, and
API_KEY is sent where it is set.
"""

import itertools
import json
import math
import mimetypes
import os
import random
import re
import struct
import sys
import time
import urllib.error
import urllib.request
import uuid
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var/demo"
FINISHED_WITHIN_SECONDS = 120
WIDTH, HEIGHT = 1600, 1200
Color = tuple[int, int, int]


def _api() -> str:
    dotenv = ROOT / ".env"
    written = re.search(r"^API_PORT=(\d+)", dotenv.read_text(), re.MULTILINE) if dotenv.exists() else None
    port = os.environ.get("API_PORT") or (written[1] if written else "8000")
    return os.environ.get("API_URL") or f"http://127.0.0.1:{port}"


API = _api()
KEY = {"Authorization": f"Bearer {os.environ['API_KEY']}"} if os.environ.get("API_KEY") else {}


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    picture = Path(sys.argv[1]) if len(sys.argv) > 1 else _painted(FOLDER / "painted.png")
    if not picture.is_file():
        print(f"there is no file {picture}", file=sys.stderr)
        return 1
    try:
        accepted = _upload(picture)
        print(f"{picture.name} is accepted as {accepted['image_id']}", flush=True)
        image = _follow(accepted["status_url"])
        _show(image)
    except urllib.error.HTTPError as error:
        print(f"Refused with {error.code}: {error.read().decode(errors='replace')}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{API} does not answer as expected ({error}); is it up? make up starts it.", file=sys.stderr)
        return 1
    return 0 if image["status"] == "completed" else 1


def _get(path: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(API + path, headers=KEY), timeout=30) as response:
        content: bytes = response.read()
    return content


def _upload(picture: Path) -> dict[str, Any]:
    boundary = uuid.uuid4().hex
    media_type = mimetypes.guess_type(picture.name)[0] or "application/octet-stream"
    filename = picture.name.replace('"', "%22")
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
        f"Content-Type: {media_type}\r\n\r\n"
    )
    body = head.encode() + picture.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    headers = KEY | {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    with urllib.request.urlopen(
        urllib.request.Request(f"{API}/upload", body, headers), timeout=60
    ) as response:
        accepted: dict[str, Any] = json.load(response)
    return accepted


def _follow(status_url: str) -> dict[str, Any]:
    """Ask until it is finished, and keep one line up to date; elsewhere than on a terminal, a line a change."""
    started, shown = time.monotonic(), ""
    while True:
        image: dict[str, Any] = json.loads(_get(status_url))
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
            raise TimeoutError(f"{API}{status_url} still says {shown} after {FINISHED_WITHIN_SECONDS} s")
        time.sleep(0.2)


def _show(image: dict[str, Any]) -> None:
    print(f"  status     {API}/status/{image['image_id']}")
    print(f"  original   {API}/images/{image['image_id']}/original")
    if image["error"]:
        print(f"  error      {image['error']} ({image['error_code']})")
    for output in image["details"].get("outputs", ()):
        extension = (
            mimetypes.guess_extension(output["media_type"]) or f".{output['media_type'].rpartition('/')[2]}"
        )
        path = FOLDER / f"{output['name']}{extension}"
        path.write_bytes(_get(output["url"]))
        size = f"{output['width']}x{output['height']}, {output['bytes']} bytes"
        print(f"  {output['name']:10} {API}{output['url']}  ({size})\n             {path}")


# --- A picture without any library: hills in the evening --------------------------------------------------

SKY = ((24, 28, 72), (96, 58, 110), (226, 110, 92), (250, 200, 130))
SUN, SUN_AT, SUN_RADIUS = (255, 236, 190), (1060, 640), 90
# (height of the ridge, how much it moves, its color), from far to near.
HILLS: tuple[tuple[int, int, Color], ...] = (
    (760, 90, (142, 84, 108)),
    (850, 70, (92, 60, 96)),
    (960, 60, (52, 42, 78)),
    (1070, 50, (22, 24, 48)),
)


def _painted(path: Path) -> Path:
    """A PNG of 1600x1200, the same every time."""
    if not path.exists():
        header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
        pixels = zlib.compress(b"".join(b"\0" + row for row in _rows()), 6)
        chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks))
    return path


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _rows() -> Iterator[bytes]:
    ridges = [(_ridge(base, swing, seed), color) for seed, (base, swing, color) in enumerate(HILLS)]
    for y in range(HEIGHT):
        row = bytearray(bytes(_sky(y)) * WIDTH)
        half = math.isqrt(max(0, SUN_RADIUS**2 - (y - SUN_AT[1]) ** 2))
        _fill(row, SUN_AT[0] - half, SUN_AT[0] + half, SUN)
        for ridge, color in ridges:
            for below, run in itertools.groupby(range(WIDTH), lambda x, ridge=ridge, y=y: ridge[x] <= y):  # type: ignore[misc]
                columns = list(run)
                if below:
                    _fill(row, columns[0], columns[-1] + 1, color)
        yield bytes(row)


def _fill(row: bytearray, start: int, end: int, color: Color) -> None:
    row[start * 3 : end * 3] = bytes(color) * (end - start)


def _sky(y: int) -> Color:
    place = y / HEIGHT * (len(SKY) - 1)
    above, share = int(place), place % 1
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(SKY[above], SKY[above + 1], strict=True))
    return red, green, blue


def _ridge(base: int, swing: int, seed: int) -> list[float]:
    chance = random.Random(seed)  # noqa: S311 - hills, not secrets
    waves = [(chance.uniform(0, math.tau), n, swing / n**1.2) for n in (1, 2, 3, 5, 8, 13, 21)]
    return [
        base + sum(size * math.sin(phase + n * math.tau * x / WIDTH) for phase, n, size in waves)
        for x in range(WIDTH)
    ]


if __name__ == "__main__":
    sys.exit(main())
