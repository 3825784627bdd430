"""What waits by a clock that may step."""

from datetime import timedelta
from time import time

import pytest

from common.store.disk.waiting_time import is_due, is_expired

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    "seconds_ago, due",
    [(3601, True), (3599, False), (0, False), (-30, False), (-61, True), (-86_400, True)],
)
def test_what_is_old_or_comes_from_the_future_is_due(seconds_ago: float, due: bool) -> None:
    assert is_due(time() - seconds_ago, HOUR) is due


@pytest.mark.parametrize("seconds_ago", [1, -1, -3600])
def test_without_a_wait_everything_is_due(seconds_ago: float) -> None:
    assert is_due(time() - seconds_ago, timedelta(0))


@pytest.mark.parametrize(
    "seconds_ago, expired",
    [(3601, True), (3599, False), (-3599, False), (-3601, True)],
)
def test_what_must_not_go_early_stays_as_long_in_the_future_as_in_the_past(
    seconds_ago: float, expired: bool
) -> None:
    assert is_expired(time() - seconds_ago, HOUR) is expired
