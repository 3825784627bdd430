"""The values that a store gives and takes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from common.model.messages import EventType

ORIGINAL: Final = "original"
"""The name of an image's file as it was uploaded."""


@dataclass(frozen=True)
class Backlog:
    """How many images wait for their job to be published, how many were published and have no result yet.

    `unannounced` is the number of events that wait for the broker to take them.
    """

    unpublished: int
    unfinished: int
    unannounced: int = 0


class IdempotencyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The images that a key stands for, and a digest of the request that made them."""

    fingerprint: str
    image_ids: tuple[str, ...]


class PendingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that the broker has not taken: what happened to which image, at which attempt, and when.

    What else the event says is in the image's record; of a deleted image there is nothing else to say.
    """

    image_id: str
    type: EventType
    occurred_at: datetime
    attempt: int = 0
