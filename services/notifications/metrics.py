"""Defines the metrics of the notification service."""

from prometheus_client import CollectorRegistry, Counter


class NotificationMetrics:
    """Events by type."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.events = Counter("darkroom_events", "Events passed on, by type.", ("type",), registry=registry)
