"""Limits how many images a client may send: a token bucket a client."""

import math
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Final

from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem

_MAX_CLIENTS: Final = (
    100_000  # some 30 MB; the least recently seen is dropped first: it has a full bucket again
)


class RateLimiter:
    """A token bucket a client: `per_minute` on average, `burst` at once; 0 a minute means no limit."""

    def __init__(self, per_minute: float, burst: int, clock: Callable[[], float] = monotonic) -> None:
        self._per_second = per_minute / 60
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> None:
        """Take a token of this client's. Raises Problem 429 with the seconds until there is one."""
        if not self._per_second:
            return
        now = self._clock()
        tokens, seen = self._buckets.pop(client, (float(self._burst), now))
        tokens = min(self._burst, tokens + (now - seen) * self._per_second)
        allowed = tokens >= 1
        self._buckets[client] = (tokens - allowed, now)
        if len(self._buckets) > _MAX_CLIENTS:
            self._buckets.popitem(last=False)
        if not allowed:
            wait = math.ceil((1 - tokens) / self._per_second)
            detail = (
                f"too many images from this client: {self._per_second * 60:g} a minute, {self._burst} at once"
            )
            raise Problem(ProblemCode.RATE_LIMITED, detail, headers={"Retry-After": str(wait)})
