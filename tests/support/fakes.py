"""Stand-ins for the broker's side: a publisher that remembers, and deliveries made by hand."""

from common.broker import Delivery, Publisher, topology
from common.errors import BrokerUnavailableError
from common.model.messages import Event, Job, encode


class RecordingPublisher(Publisher):
    """Confirms everything at once and remembers it, in order; raises what `faults` says for a kind of message."""

    def __init__(self) -> None:
        self.link_stands = True
        self.jobs: list[Job] = []
        self.events: list[Event] = []
        self.retries: list[tuple[Job, int, float]] = []
        self.probes: list[Job] = []
        self.dead_letters: list[tuple[bytes, int]] = []
        self.faults: dict[str, Exception] = {}
        self.waiting = 0
        self.retrying = 0

    @property
    def connected(self) -> bool:
        return self.link_stands

    async def is_ready(self) -> bool:
        return self.link_stands

    async def is_connected(self) -> bool:
        return self.link_stands

    async def wait_open(self) -> None:
        return None

    async def publish_job(self, job: Job, *, bypass_breaker: bool = False) -> None:
        if bypass_breaker:
            self.probes.append(job)
        self._fail("job")
        self.jobs.append(job)

    async def publish_retry(self, job: Job, *, delay_seconds: int, wait_seconds: float) -> None:
        self._fail("retry")
        self.retries.append((job, delay_seconds, wait_seconds))

    async def publish_dead_letter(self, body: bytes, *, retries: int) -> None:
        self._fail("retry")
        self.dead_letters.append((body, retries))

    async def publish_event(self, event: Event) -> None:
        self._fail("event")
        self.events.append(event)

    async def count_queued_jobs(self) -> dict[str, int]:
        self._fail("job")
        return {topology.JOBS: self.waiting, topology.retry_queue(topology.JOBS, 600): self.retrying}

    def break_down(self, *kinds: str) -> None:
        """From now on nothing of these kinds (job, retry, event) is confirmed."""
        for kind in kinds or ("job", "retry", "event"):
            self.faults[kind] = BrokerUnavailableError("the broker is away")

    def recover(self) -> None:
        """The end of `break_down`."""
        self.faults.clear()

    def _fail(self, kind: str) -> None:
        if kind in self.faults:
            raise self.faults[kind]


def delivery_of(job: Job, *, retries: int = 0) -> Delivery:
    """The job as the broker delivers it."""
    return Delivery(encode(job), retries)
