"""How much one client may ask for."""

import pytest

from services.api.http.problems import Problem
from services.api.limits import token_bucket
from services.api.limits.token_bucket import RateLimiter


class Clock:
    """Stands still unless it is told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def taken(limit: RateLimiter, client: str = "a", most: int = 100) -> int:
    """How many are allowed in a row."""
    for number in range(most):
        try:
            limit.take(client)
        except Problem:
            return number
    return most


def test_a_burst_is_allowed_and_then_the_rate() -> None:
    clock = Clock()
    limit = RateLimiter(60, 5, clock)

    assert taken(limit) == 5
    clock.now += 1
    assert taken(limit) == 1
    clock.now += 3600
    assert taken(limit) == 5, "a bucket holds no more than a burst"


def test_the_refusal_says_when_to_come_again() -> None:
    clock = Clock()
    limit = RateLimiter(6, 1, clock)
    limit.take("a")

    with pytest.raises(Problem) as caught:
        limit.take("a")

    assert (caught.value.status, caught.value.code) == (429, "rate_limited")
    assert caught.value.headers == {"Retry-After": "10"}
    clock.now += 10
    limit.take("a")


def test_clients_do_not_share_a_bucket() -> None:
    limit = RateLimiter(60, 2, Clock())

    assert [taken(limit, client) for client in "abab"] == [2, 2, 0, 0]


def test_no_rate_is_no_limit() -> None:
    assert taken(RateLimiter(0, 1, Clock())) == 100


def test_buckets_are_dropped_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_bucket, "_MAX_CLIENTS", 10)
    limit = RateLimiter(60, 1, Clock())
    for number in range(1000):
        limit.take(str(number))

    assert len(limit._buckets) == 10
