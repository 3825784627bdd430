"""Where things are in the store: pure functions of the image's id."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from common.model import image_ids

MANIFEST: Final = "manifest.json"
ATTEMPT: Final = "attempt.json"
RESULT: Final = "result.json"
UNREADABLE_RESULT: Final = "unreadable-result.json"

_RECENT: Final = 1024


def failed_result(attempt: int) -> str:
    """Return the name of the file that holds a failed attempt's result once the image was opened again."""
    return f"failed-{attempt}.json"


class Layout:
    """The folders under one root.

    `images/<yyyy>/<mm>/<dd>/<HHMM>/<id>/` holds the images, `incoming/<id>/` uploads as they arrive and
    `incoming/deleted-<id>/` deletions as they go, `outbox/<id>` a mark for every image whose job is not confirmed yet,
    `unfinished/<id>` one for every image that has no result yet, `events/<id>.<type>.<attempt>` events that the broker
    has not taken, `keys/<hash>` what an idempotency key stands for. The empty file `store` says that this is one.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        # An image's folder is asked for several times in a request.
        self.image = lru_cache(_RECENT)(self._image)
        self.images = root / "images"
        self.incoming = root / "incoming"
        self.outbox = root / "outbox"
        self.unfinished = root / "unfinished"
        self.events = root / "events"
        self.keys = root / "keys"
        self.keys_lock = root / "keys.lock"
        self.marker = root / "store"

    @property
    def folders(self) -> tuple[Path, ...]:
        """Return the folders that must exist before anything else."""
        return (self.images, self.incoming, self.outbox, self.unfinished, self.events, self.keys)

    def trash_dir(self, image_id: str) -> Path:
        """Return where an image's folder goes to be deleted: from then on nobody sees it, and a sweep finds it."""
        return self.incoming / f"deleted-{image_id}"

    def _image(self, image_id: str) -> Path:
        """Return the image's folder: listing by time and deleting a day are work on folders.

        Raises ValueError when `image_id` is none.
        """
        if not image_ids.is_valid(image_id):
            raise ValueError("not an image id")
        return self.images / image_ids.received_at(image_id).strftime("%Y/%m/%d/%H%M") / image_id
