"""Defines the metrics of a worker."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class WorkerMetrics:
    """Counts jobs by outcome and code, seconds by stage, retries, dead letters and deliveries."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.jobs = Counter(
            "darkroom_jobs",
            "Images brought to an end, by outcome and error code.",
            ("outcome", "code"),
            registry=registry,
        )
        self.stages = Histogram(
            "darkroom_job_stage_duration_seconds",
            "Time spent in a stage of a job.",
            ("stage",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.retries = Counter(
            "darkroom_job_retries", "Jobs put back for later, by error code.", ("code",), registry=registry
        )
        self.dead_letters = Counter(
            "darkroom_dead_letters",
            "Messages taken from the dead queue, by kind.",
            ("kind",),
            registry=registry,
        )
        self.deliveries = Counter(
            "darkroom_deliveries", "Deliveries, by disposition.", ("disposition",), registry=registry
        )
        self.in_progress = Gauge("darkroom_jobs_in_progress", "Jobs being developed now.", registry=registry)
