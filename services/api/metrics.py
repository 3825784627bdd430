"""Defines the metrics of the API."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.api.limits.capacity import CapacityMonitor

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class ApiMetrics:
    """Uploads by outcome, bytes, the seconds a stage of an upload takes, and what waits."""

    def __init__(self, registry: CollectorRegistry, capacity: CapacityMonitor) -> None:
        self.uploads = Counter(
            "darkroom_uploads", "Files by what became of their upload.", ("outcome",), registry=registry
        )
        self.bytes = Counter("darkroom_upload_bytes", "Bytes of accepted files.", registry=registry)
        self.stages = Histogram(
            "darkroom_upload_stage_duration_seconds",
            "Time an upload spends in a stage.",
            ("stage",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._capacity = capacity
        for name, help_text, value in (
            ("darkroom_outbox_depth", "Images accepted whose job is not published yet.", self._unpublished),
            ("darkroom_unfinished_images", "Images published that have no result yet.", self._unfinished),
            ("darkroom_events_waiting", "Events that the broker has not taken yet.", self._unannounced),
            ("darkroom_store_free_bytes", "Free room in the store.", self._free_bytes),
        ):
            Gauge(name, help_text, registry=registry).set_function(value)

    def _unpublished(self) -> float:
        capacity = self._capacity.capacity
        return float(capacity.backlog.unpublished) if capacity else float("nan")

    def _unfinished(self) -> float:
        capacity = self._capacity.capacity
        return float(capacity.backlog.unfinished) if capacity else float("nan")

    def _unannounced(self) -> float:
        capacity = self._capacity.capacity
        return float(capacity.backlog.unannounced) if capacity else float("nan")

    def _free_bytes(self) -> float:
        capacity = self._capacity.capacity
        return float(capacity.free_bytes) if capacity else float("nan")
