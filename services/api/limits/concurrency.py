"""Limits the uploads in progress: of one client, and of all."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem


class ConcurrencyLimiter:
    """Counts uploads in progress: at most `limit` of all clients together, `per_client` of one."""

    def __init__(self, limit: int, *, per_client: int) -> None:
        self._limit = limit
        self._per_client = per_client
        self._by_client: Counter[str] = Counter()
        self.current = 0

    @contextmanager
    def slot(self, client: str) -> Iterator[None]:
        """Count as one upload in progress while the context lasts.

        Raises Problem 429 when the client has as many as it may, 503 when all clients together have.
        """
        self._check(client)
        self.current += 1
        self._by_client[client] += 1
        try:
            yield
        finally:
            self.current -= 1
            self._by_client[client] -= 1
            if not self._by_client[client]:
                del self._by_client[client]

    def _check(self, client: str) -> None:
        headers = {"Retry-After": "2"}
        if self._by_client[client] >= self._per_client:
            limit = self._per_client
            detail = (
                f"{limit} uploads of this client are in progress, which is the limit; try again in a moment"
            )
            raise Problem(ProblemCode.TOO_MANY_CLIENT_UPLOADS, detail, headers=headers, limit=limit)
        if self.current >= self._limit:
            detail = f"{self._limit} uploads are in progress, which is the limit; try again in a moment"
            raise Problem(ProblemCode.TOO_MANY_UPLOADS, detail, headers=headers, limit=self._limit)
