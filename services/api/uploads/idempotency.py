"""`Idempotency-Key`: the same key with the same bytes gives the same images, however often it is sent.

The field is that of draft-ietf-httpapi-idempotency-key-header. The images are made durable first and the key claimed
then: the request that comes second removes its own again, so two at once give one image, and a crash in between loses
none.
"""

import hashlib
from typing import Final

from common.store import IdempotencyRecord, Stores
from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem
from services.api.uploads.receiver import StagedFile

HEADER: Final = "idempotency-key"
_MAX_LENGTH: Final = 255


def read_key(header: str | None) -> str | None:
    """Return the key in the header. Raises Problem 400 when it is none."""
    if header is None:
        return None
    key = header.strip().strip('"')
    if not 1 <= len(key) <= _MAX_LENGTH or not key.isascii() or not key.isprintable():
        raise Problem(
            ProblemCode.INVALID_IDEMPOTENCY_KEY,
            f"an Idempotency-Key has 1 to {_MAX_LENGTH} printable ASCII characters",
        )
    return key


async def claim(stores: Stores, key: str, files: list[StagedFile]) -> tuple[list[str], bool]:
    """Claim the key for these files; return the ids that it stands for and whether they are those just made.

    The new images are removed when they are not.

    Raises Problem 409 when the key stands for other bytes.
    """
    mine = IdempotencyRecord(
        fingerprint=_fingerprint(files), image_ids=tuple(file.image_id for file in files)
    )
    standing = await stores.keys.claim(key, mine)
    if standing.image_ids == mine.image_ids:
        return list(mine.image_ids), True
    for image_id in mine.image_ids:
        await stores.catalog.delete(image_id)
    if standing.fingerprint != mine.fingerprint:
        raise Problem(
            ProblemCode.IDEMPOTENCY_KEY_REUSED, "this Idempotency-Key was used before, with other bytes"
        )
    return list(standing.image_ids), False


def _fingerprint(files: list[StagedFile]) -> str:
    return hashlib.sha256("\n".join(file.upload.sha256 for file in files).encode()).hexdigest()
