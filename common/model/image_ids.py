"""Image ids: UUIDv7 (RFC 9562) in canonical form, so that sorting by id is sorting by time of arrival."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
import uuid_utils

# The first digit ends at d: what is beyond, a moment after the year 9774, is no date that Python knows.
PATTERN: Final = r"^[0-9a-d][0-9a-f]{7}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
_CANONICAL: Final = re.compile(PATTERN.replace("$", r"\Z"))

ImageId = Annotated[str, msgspec.Meta(pattern=PATTERN, max_length=36)]


def new() -> str:
    """Return a fresh id; ids of one process rise strictly."""
    return str(uuid_utils.uuid7())


def is_valid(text: str) -> bool:
    """Return whether `text` is an id in canonical form: the only form that ever becomes part of a path."""
    return _CANONICAL.match(text) is not None


def received_at(image_id: str) -> datetime:
    """Return the moment in the id: its first 48 bits are Unix milliseconds (RFC 9562, 5.7)."""
    milliseconds = int(image_id[:8] + image_id[9:13], 16)
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def lowest_at(moment: datetime) -> str:
    """Return the smallest id that an image received at `moment` can have: where a listing by time begins."""
    digits = f"{max(0, int(moment.timestamp() * 1000)):012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"
