"""Ratios of two things that are measured in turn, so that whatever disturbs the machine disturbs both."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Measure = Callable[[], float]


@dataclass(frozen=True)
class Row:
    """One line of the table: `value` with its spread, and the target it is meant to reach."""

    name: str
    value: float
    low: float
    high: float
    unit: str = "x"
    target: float | None = None
    at_most: bool = False
    note: str = ""
    samples: tuple[float, ...] = field(default=())

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target

    def shown(self) -> dict[str, Any]:
        """The row as it is written to the file."""
        return {
            "name": self.name,
            "median": self.value,
            "low": self.low,
            "high": self.high,
            "unit": self.unit,
            "target": self.target,
            "met": self.met,
            "note": self.note,
            "samples": list(self.samples),
        }


def in_turn(measures: dict[str, Measure], pairs: int) -> dict[str, list[float]]:
    """Each measure's figures, `pairs` of each, taken in turn after one round to warm up that does not count."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for measure in measures.values():
        measure()
    for number in range(pairs):
        order = list(measures.items())
        for name, measure in order if number % 2 else reversed(order):
            found[name].append(measure())
    return found


def ratio(name: str, ours: list[float], theirs: list[float], **more: Any) -> Row:
    """The median of the pairs' ratios, ours to theirs."""
    return summary(name, [our / their for our, their in zip(ours, theirs, strict=True)], **more)


def summary(name: str, values: list[float], **more: Any) -> Row:
    """The median of the values with the least and the greatest."""
    return Row(name, statistics.median(values), min(values), max(values), samples=tuple(values), **more)


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
