"""Images in a store, made as the API and a worker make them."""

from common.model import image_ids
from common.model.records import (
    Failure,
    Manifest,
    OutputRecord,
    Result,
    now,
)
from common.model.reports import OutputReport
from common.store import Store, StoredFile
from tests.support.presets import default_recipe


def manifest(image_id: str, data: bytes = b"image", filename: str | None = "photo.jpg") -> Manifest:
    """What an upload of `data` is described by."""
    return Manifest(
        image_id=image_id,
        filename=filename,
        media_type="image/jpeg",
        bytes=len(data),
        sha256="0" * 64,
        recipe=default_recipe(),
        received_at=now(),
    )


async def uploaded(store: Store, data: bytes = b"image", *, image_id: str | None = None) -> str:
    """The id of an image whose job is not published yet."""
    image_id = image_id or image_ids.new()
    async with store.stage(image_id) as upload:
        await upload.write(data)
        await upload.commit(manifest(image_id, data))
    return image_id


def completed(image_id: str, attempt: int = 1, data: bytes = b"developed") -> tuple[Result, dict[str, bytes]]:
    """A result with one output, and the output's bytes."""
    output = OutputRecord(
        name="large",
        filename="large.jpg",
        url=f"/images/{image_id}/large",
        media_type="image/jpeg",
        width=8,
        height=6,
        bytes=len(data),
        report=OutputReport(format="jpeg"),
    )
    result = Result(
        image_id=image_id, status="completed", attempt=attempt, finished_at=now(), outputs=(output,)
    )
    return result, {"large.jpg": data}


def failed(image_id: str, attempt: int = 1, code: str = "corrupt_image") -> Result:
    """Return a failed result, which has no report of the image."""
    failure = Failure(code=code, reason="the image is damaged")
    return Result(image_id=image_id, status="failed", attempt=attempt, finished_at=now(), failure=failure)


async def content_of(file: StoredFile | None) -> bytes:
    """All bytes of a stored file that must be there; closes it."""
    assert file is not None
    try:
        return b"".join([piece async for piece in file.open_range(0, file.size)])
    finally:
        file.close()
