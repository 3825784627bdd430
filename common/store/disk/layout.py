"""Where things are in the store: pure functions of the image's id."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from common.model import image_ids

MANIFEST: Final = "manifest.json"
ATTEMPT: Final = "attempt.json"
RESULT: Final = "result.json"

_RECENT: Final = 1024


def failed_result(attempt: int) -> str:
    """Where the result of a failed attempt is kept once the image was opened again."""
    return f"failed-{attempt}.json"


class Layout:
    """The folders under one root.

    `images/<yyyy>/<mm>/<dd>/<HHMM>/<id>/` holds the images, `incoming/<id>/` uploads as they arrive, `outbox/<id>` a
    note for every image whose job is not confirmed yet, `unfinished/<id>` one for every image that has no result yet,
    `keys/<hash>` what an idempotency key stands for.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        # Whoever handles an image asks for its folder several times.
        self.image = lru_cache(_RECENT)(self._image)
        self.images = root / "images"
        self.incoming = root / "incoming"
        self.outbox = root / "outbox"
        self.unfinished = root / "unfinished"
        self.keys = root / "keys"

    @property
    def folders(self) -> tuple[Path, ...]:
        """What must exist before anything else."""
        return (self.images, self.incoming, self.outbox, self.unfinished, self.keys)

    def _image(self, image_id: str) -> Path:
        """The image's folder: listing by time and deleting a day are work on folders. Raises ValueError for no id."""
        if not image_ids.is_valid(image_id):
            raise ValueError("not an image id")
        return self.images / image_ids.received_at(image_id).strftime("%Y/%m/%d/%H%M") / image_id
