"""The best quality whose file is small enough: found by bisection, as every format makes less of less."""

from collections.abc import Callable


def find_quality_for_size(make: Callable[[int], bytes], quality: int, max_bytes: int) -> tuple[bytes, int]:
    """The file of the highest quality, at most `quality`, that takes `max_bytes` or less; if none does, of the lowest.

    Makes it at most eight times, and once where the first one fits.
    """
    data = make(quality)
    if len(data) <= max_bytes:
        return data, quality
    best: tuple[bytes, int] | None = None
    low, high = 1, quality - 1
    while low <= high:
        middle = (low + high) // 2
        data = make(middle)
        if len(data) <= max_bytes:
            best, low = (data, middle), middle + 1
        else:
            high = middle - 1
    return best or (data, 1)
