"""Decides whether a request may add work: uploads, retries, and retries of many images all ask here."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from services.api.limits.capacity import CapacityMonitor
from services.api.limits.clients import Client
from services.api.limits.concurrency import ConcurrencyLimiter
from services.api.limits.pending_quota import PendingQuota
from services.api.limits.token_bucket import RateLimiter


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The rate and the quota of a client, the capacity of the service, and the uploads in progress."""

    rate: RateLimiter
    capacity: CapacityMonitor
    quota: PendingQuota
    uploads: ConcurrencyLimiter

    @contextmanager
    def upload(self, client: Client) -> Iterator["Permit"]:
        """Count as an upload in progress, and admit its first image before any of its body is read.

        Raises Problem 429 or 503.
        """
        with self.uploads.slot(client.name), self.permit(client) as permit:
            permit.admit()
            yield permit

    @contextmanager
    def permit(self, client: Client) -> Iterator["Permit"]:
        """Yield a permit for the images of one request; release at the end what it admitted and did not accept."""
        permit = Permit(self, client)
        try:
            yield permit
        finally:
            permit.release()


class Permit:
    """Admits the images of one request, one by one: each costs its client a token and a place in its quota."""

    def __init__(self, admission: Admission, client: Client) -> None:
        self._admission = admission
        self._client = client
        self._reserved = 0

    def admit(self) -> None:
        """Admit one more image.

        Raises Problem 429 when the client is over its rate or its quota, 503 when the service has no capacity left.
        """
        self._admission.capacity.check()
        self._admission.rate.take(self._client.name)
        self._admission.quota.reserve(self._client.pending_key)
        self._admission.capacity.reserve()
        self._reserved += 1

    def accept(self, image_id: str) -> None:
        """Count one of the admitted as this image, until that has its result."""
        self._admission.capacity.accept()
        self._admission.quota.assign(self._client.pending_key, image_id)
        self._reserved -= 1

    def release(self) -> None:
        """Give back what was admitted and not accepted."""
        for _ in range(self._reserved):
            self._admission.capacity.release()
            self._admission.quota.release(self._client.pending_key)
        self._reserved = 0
