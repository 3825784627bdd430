"""A store with many finished images in it, made as files are copied: without the fsyncs of an upload."""

import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from common.model.records import Manifest, OutputRecord, Result
from common.model.reports import OutputReport
from common.store.disk.layout import (
    MANIFEST,
    RESULT,
    Layout,
)
from common.store.types import ORIGINAL
from tests.benchmarks.work import SMALL

_A_MINUTE = 500  # images; a busy service's


def fill(root: Path, count: int) -> list[str]:
    """The ids of so many completed images, the last of them received an hour ago."""
    layout = Layout(root)
    for folder in layout.folders:
        folder.mkdir(parents=True, exist_ok=True)
    common = root / "common"
    common.write_bytes(SMALL.data)
    start = time.time() - 3600 - count * 60 / _A_MINUTE
    made = []
    for number in range(count):
        image_id = _id_at(start + number * 60 / _A_MINUTE)
        folder = layout.image(image_id)
        folder.mkdir(parents=True)
        (folder / ORIGINAL).hardlink_to(common)
        (folder / MANIFEST).write_bytes(msgspec.json.encode(_manifest(image_id)))
        (folder / RESULT).write_bytes(msgspec.json.encode(_result(image_id)))
        made.append(image_id)
        if number % 50_000 == 0:  # a file takes only so many links
            common.unlink()
            common.write_bytes(SMALL.data)
    return made


def _id_at(seconds: float) -> str:
    noise = uuid.uuid4().hex
    digits = f"{int(seconds * 1000):012x}7{noise[:3]}8{noise[3:18]}"
    return str(uuid.UUID(digits))


def _manifest(image_id: str) -> Manifest:
    return Manifest(
        image_id=image_id,
        filename="a.jpg",
        media_type="image/jpeg",
        bytes=len(SMALL.data),
        sha256="0" * 64,
        recipe=SMALL.recipe,
        received_at=datetime.now(UTC),
    )


def _result(image_id: str) -> Result:
    output = OutputRecord(
        name="large",
        filename="large.jpg",
        url=f"/images/{image_id}/large",
        media_type="image/jpeg",
        width=200,
        height=150,
        bytes=10_000,
        report=OutputReport(format="jpeg"),
    )
    return Result(
        image_id=image_id, status="completed", attempt=1, finished_at=datetime.now(UTC), outputs=(output,)
    )
