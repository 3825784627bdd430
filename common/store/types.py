"""The values that a store gives and takes."""

from dataclasses import dataclass
from typing import Final

import msgspec

ORIGINAL: Final = "original"
"""The name of an image's file as it was uploaded."""


@dataclass(frozen=True)
class Backlog:
    """How many images wait for their job to be published, and how many were published and have no result yet."""

    unpublished: int
    unfinished: int


class IdempotencyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The images that a key stands for, and a digest of the request that made them."""

    fingerprint: str
    image_ids: tuple[str, ...]
