"""Samples an image for its report: a small copy of one size, at whatever scale the recipe had it decoded."""

from typing import Final

from PIL import Image

from services.worker.imaging.geometry import Box, Size

_SIDE: Final = 128  # pixels of the longer side: a larger sample says nothing more, and costs milliseconds
_DECODED: Final = 2 * _SIDE  # from so many, it makes no difference how many more were decoded


def sample_scale(size: Size) -> float:
    """Return the share of its size, at most 1, at which an image must be decoded at least for its sample."""
    return min(1.0, _DECODED / max(size))


def make_sample(image: Image.Image, frame: Box, size: Size) -> Image.Image:
    """Return the sample of an image of that size that lies in the `frame` of a decoded one."""
    scale = min(1.0, _SIDE / max(size))
    target = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    return image.resize(target, Image.Resampling.HAMMING, box=frame, reducing_gap=1.5)
