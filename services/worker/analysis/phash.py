"""The perceptual hash: 64 bits that stay nearly the same when a picture is scaled, re-encoded or touched up.

It is the DCT hash that Python's `imagehash` calls `phash`: the picture in gray at 32 x 32, the 8 x 8 lowest frequencies
of its DCT, and a bit for each that lies above their median.
"""

from statistics import median

from PIL import Image

from services.worker.analysis.dct import dct_transform

_SIDE = 32
_FREQUENCIES = 8


def phash(sample: Image.Image) -> str:
    """The hash as 16 hexadecimal digits; pictures that look alike differ in few of its bits."""
    gray = sample.convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    lowest = [value for row in dct_transform(gray.tobytes(), _SIDE, _FREQUENCIES) for value in row]
    middle = median(lowest)
    bits = "".join("1" if value > middle else "0" for value in lowest)
    return f"{int(bits, 2):016x}"
