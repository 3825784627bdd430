"""The dashboard asks for what the services count."""

import json
import re
from pathlib import Path
from typing import Any

from common.runtime.metrics import ConnectionMetrics, registry
from services.api.limits.capacity import CapacityMonitor
from services.api.metrics import ApiMetrics
from services.notifications.metrics import NotificationMetrics
from services.worker.metrics import WorkerMetrics
from tests.support.store.memory import memory_stores

OBSERVABILITY = Path(__file__).parents[2] / "docker/observability"
SUFFIXES = ("_bucket", "_total", "_count", "_sum")


def counted() -> dict[str, set[str]]:
    """Every metric of the three services with its labels, under the names that Prometheus stores."""
    made = registry()
    ConnectionMetrics(made)
    WorkerMetrics(made)
    NotificationMetrics(made)
    ApiMetrics(made, CapacityMonitor(memory_stores(), max_backlog=1, min_free_bytes=1))
    found: dict[str, set[str]] = {}
    for collector, names in made._collector_to_names.items():
        labels = set(getattr(collector, "_labelnames", ()))
        found |= dict.fromkeys(names, labels)
    return found


def expressions() -> list[str]:
    dashboard: dict[str, Any] = json.loads((OBSERVABILITY / "dashboards/darkroom.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def test_every_metric_of_the_dashboard_is_counted() -> None:
    asked = {name for text in expressions() for name in re.findall(r"darkroom_\w+", text)}

    assert asked
    assert asked <= counted().keys()


def test_every_label_of_the_dashboard_is_one_of_its_metric() -> None:
    known = counted()
    for text in expressions():
        (name,) = set(re.findall(r"darkroom_\w+", text))
        by = re.search(r"by \(([^)]*)\)", text)
        asked = set(by[1].replace(" ", "").split(",")) if by else set()
        assert asked - {"le", "job"} <= known[name], text


def test_everything_that_is_counted_is_shown() -> None:
    shown = " ".join(expressions())
    for name in counted():
        base = next((name.removesuffix(end) for end in SUFFIXES if name.endswith(end)), name)
        if base.startswith("darkroom_") and not base.endswith(("_created", "_tasks")):
            assert base in shown, name
