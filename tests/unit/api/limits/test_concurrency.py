"""How many uploads of one client, and of all, may be in progress."""

from contextlib import ExitStack

import pytest

from services.api.http.problems import Problem
from services.api.limits.concurrency import ConcurrencyLimiter


def test_uploads_of_all_clients_are_capped_and_their_slots_given_back() -> None:
    limiter = ConcurrencyLimiter(2, per_client=2)
    with limiter.slot("a"):
        with pytest.raises(RuntimeError), limiter.slot("b"):
            raise RuntimeError
        with limiter.slot("b"):
            assert limiter.current == 2
            with pytest.raises(Problem) as caught, limiter.slot("c"):
                pytest.fail("there was no slot")
            assert (caught.value.status, caught.value.code) == (503, "too_many_uploads")
            assert int(caught.value.headers["Retry-After"]) > 0
    assert limiter.current == 0


def test_one_client_cannot_take_all_slots() -> None:
    limiter = ConcurrencyLimiter(10, per_client=3)
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(limiter.slot("a"))
        with pytest.raises(Problem) as caught:
            stack.enter_context(limiter.slot("a"))
        stack.enter_context(limiter.slot("b"))

        assert (caught.value.status, caught.value.code) == (429, "too_many_client_uploads")
        assert caught.value.members == {"limit": 3}
        assert int(caught.value.headers["Retry-After"]) > 0
    with limiter.slot("a"):
        assert limiter.current == 1
    assert not limiter._by_client, "clients that upload nothing take no memory"
