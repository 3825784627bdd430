"""The table as text, as JSON and as an image."""

import json
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot

from tests.benchmarks.measuring import Row
from tests.benchmarks.work import CORES


def line(row: Row) -> str:
    """A row as it is printed, and as it stands in the table of docs/performance.md."""
    target = "" if row.target is None else f"{'at most ' if row.at_most else ''}{row.target:g}"
    met = {True: "yes", False: "no", None: ""}[row.met]
    cells = (
        row.name,
        f"{_number(row.value)} {row.unit}",
        f"{_number(row.low)} to {_number(row.high)}",
        target,
        met,
    )
    return f"| {' | '.join(cells)} |"


HEAD = "| what | median | least to greatest | target | met |\n|---|---|---|---|---|"


def machine() -> str:
    """What it ran on, without a name of the host."""
    return f"{platform.machine()}, {CORES} cores, {_processor()}, Python {platform.python_version()}"


def write(rows: Sequence[Row], folder: Path) -> None:
    """`bench.json` and `bench.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    document: dict[str, Any] = {
        "machine": machine(),
        "date": datetime.now(UTC).date().isoformat(),
        "rows": [row.shown() for row in rows],
    }
    (folder / "bench.json").write_text(json.dumps(document, indent=1) + "\n")
    _draw([row for row in rows if row.unit == "x" and row.target is not None], folder / "bench.png")


def _draw(rows: Sequence[Row], path: Path) -> None:
    """The ratios that have a target, each with its spread and the target as a mark."""
    mpl.use("Agg")
    figure, axes = pyplot.subplots(figsize=(10, 0.45 * len(rows) + 1.5), layout="constrained")
    places = range(len(rows), 0, -1)
    for place, row in zip(places, rows, strict=True):
        axes.barh(place, row.value, height=0.6, color="#3b7a57" if row.met else "#b5523b")
        axes.plot([row.low, row.high], [place, place], color="black", linewidth=1.2)
        axes.plot([row.target or 0.0], [place], marker="|", markersize=18, color="black")
    axes.set_yticks(list(places), [row.name for row in rows])
    axes.set_xlabel("ratio; the line is the spread, the mark the target")
    axes.set_title("Darkroom, measured in turn with what it is compared to")
    figure.savefig(path, dpi=110)


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next((each.split(":", 1)[1].strip() for each in lines if each.startswith("model name")), "unknown")
