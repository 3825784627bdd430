"""The discrete cosine transform of small squares, in plain Python: a thousand products a channel."""

from collections.abc import Sequence
from functools import cache
from math import cos, pi
from operator import mul


def transformed(values: Sequence[float], side: int, frequencies: int) -> list[list[float]]:
    """The lowest `frequencies` (down, then across) of the DCT-II of `side` x `side` values, not normalised."""
    waves = _waves(side, frequencies)
    rows = [values[at : at + side] for at in range(0, side * side, side)]
    across = [[sum(map(mul, row, wave)) for row in rows] for wave in waves]  # by frequency, then row
    return [[sum(map(mul, column, wave)) for column in across] for wave in waves]


@cache
def _waves(side: int, frequencies: int) -> tuple[tuple[float, ...], ...]:
    return tuple(
        tuple(cos(pi / side * frequency * (place + 0.5)) for place in range(side))
        for frequency in range(frequencies)
    )
