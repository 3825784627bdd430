"""Computes the perceptual hash: 64 bits that stay nearly the same when an image is scaled, re-encoded or touched up.

It is the DCT hash that Python's `imagehash` calls `phash`: the image in gray at 32 x 32, the 8 x 8 lowest frequencies
of its DCT, and a bit for each that lies above their median. But a frequency that nobody sees counts as none: else the
hash of a flat image would be that of its noise.
"""

from statistics import median

from PIL import Image

from services.worker.analysis.dct import dct_transform

_SIDE = 32
_FREQUENCIES = 8
_INVISIBLE = 16.0  # of a frequency's sum over 32 x 32 levels of 0 to 255: a wave of a thirtieth of a level


def phash(sample: Image.Image) -> str:
    """Return the hash as 16 hexadecimal digits; images that look alike differ in few of its bits."""
    gray = sample.convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    transformed = [value for row in dct_transform(gray.tobytes(), _SIDE, _FREQUENCIES) for value in row]
    lowest = [value if abs(value) > _INVISIBLE else 0.0 for value in transformed]
    middle = median(lowest)
    bits = "".join("1" if value > middle else "0" for value in lowest)
    return f"{int(bits, 2):016x}"
