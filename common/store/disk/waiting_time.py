"""Tells whether a file has waited long enough, by clocks that may step."""

from datetime import timedelta
from time import time
from typing import Final

_SKEW_SECONDS: Final = 60.0  # by so much the clocks of a shared file system and of its users may differ


def is_due(touched_at: float, older_than: timedelta) -> bool:
    """Return whether what was touched at `touched_at` (seconds since 1970) has waited for `older_than`.

    A time in the future is due: the clock was set back, and waiting until it has caught up could take forever.
    """
    age, wanted = time() - touched_at, older_than.total_seconds()
    return age >= wanted or age < -min(abs(wanted), _SKEW_SECONDS)


def is_expired(touched_at: float, older_than: timedelta) -> bool:
    """Return whether what was touched at `touched_at` may be thrown away after `older_than`.

    What must not go too early stays as long in the future as in the past: a clock that was set back ends nothing at
    once, and keeps nothing for more than twice its time.
    """
    age, wanted = time() - touched_at, older_than.total_seconds()
    return age >= wanted or age <= -abs(wanted)
