"""Who may add work: everything that is asked before an image is taken in or developed again."""

from dataclasses import dataclass

from services.api.limits.capacity import CapacityMonitor
from services.api.limits.rate_limit import ConcurrencyLimiter, RateLimiter


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The rate of a client, the capacity of the whole, and the uploads in progress."""

    rate: RateLimiter
    capacity: CapacityMonitor
    uploads: ConcurrencyLimiter

    def admit(self, client: str) -> None:
        """Admit one image of this client's.

        Raises Problem 429 when the client is over its rate, 503 when the whole has no capacity left.
        """
        self.rate.take(client)
        self.capacity.check()
