"""Computes the discrete cosine transform of small squares, in plain Python.

A wave of even number is its own mirror image, one of odd number the mirror image's negative: so halves are added, or
subtracted, before they are multiplied, which takes half the products.
"""

from collections.abc import Sequence
from functools import cache
from math import cos, pi
from operator import add, mul, sub


def dct_transform(values: Sequence[float], side: int, frequencies: int) -> list[list[float]]:
    """Return the lowest `frequencies` (down, then across) of the DCT-II of `side` x `side` values, not normalized.

    `side` is even.
    """
    waves = _half_waves(side, frequencies)
    rows = [_folded(values[at : at + side]) for at in range(0, side * side, side)]
    across = [_along(rows, number, wave) for number, wave in enumerate(waves)]
    columns = [_folded(column) for column in across]
    return [_along(columns, number, wave) for number, wave in enumerate(waves)]


_Folded = tuple[list[float], list[float]]


def _folded(line: Sequence[float]) -> _Folded:
    half = len(line) // 2
    front, back = line[:half], line[: half - 1 : -1]
    return list(map(add, front, back)), list(map(sub, front, back))


def _along(lines: list[_Folded], number: int, wave: tuple[float, ...]) -> list[float]:
    odd = number % 2
    return [sum(map(mul, line[odd], wave)) for line in lines]


@cache
def _half_waves(side: int, frequencies: int) -> tuple[tuple[float, ...], ...]:
    return tuple(
        tuple(cos(pi / side * frequency * (place + 0.5)) for place in range(side // 2))
        for frequency in range(frequencies)
    )
