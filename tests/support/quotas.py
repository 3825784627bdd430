"""Counts what a quota leaves to a client."""

from services.api.http.problems import Problem
from services.api.limits.pending_quota import PendingQuota

MAX_COUNTED = 100


def count_free_places(quota: PendingQuota, client: str) -> int:
    """Return how many images more the client may have, MAX_COUNTED at most; the quota is afterward as before."""
    taken = 0
    try:
        while taken < MAX_COUNTED:
            quota.reserve(client)
            taken += 1
    except Problem:
        pass
    for _ in range(taken):
        quota.release(client)
    return taken
