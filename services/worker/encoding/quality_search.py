"""Finds the best quality whose file is small enough, by bisection: files of every format shrink with the quality."""

from collections.abc import Callable


def find_quality_for_size(encode: Callable[[int], bytes], quality: int, max_bytes: int) -> tuple[bytes, int]:
    """Return a file of at most `max_bytes` and its quality, the highest up to `quality`; if none fits, of the lowest.

    Encodes at most eight times, and only once where the first file fits.
    """
    data = encode(quality)
    if len(data) <= max_bytes:
        return data, quality
    best: tuple[bytes, int] | None = None
    low, high = 1, quality - 1
    while low <= high:
        middle = (low + high) // 2
        data = encode(middle)
        if len(data) <= max_bytes:
            best, low = (data, middle), middle + 1
        else:
            high = middle - 1
    return best or (data, 1)
