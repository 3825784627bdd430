"""Changes an image's tones."""

import math

from PIL import Image

from common.recipes.filters import Adjust
from services.worker.imaging.canvas import preserving_alpha
from services.worker.operations.grayscale import LUMINANCE


def adjust(image: Image.Image, parameters: Adjust) -> Image.Image:
    """Return the image brighter, harder, lighter in the middle, more colorful, or the contrary."""
    curve = [_tone(level / 255, parameters) for level in range(256)] * 3

    def change(colors: Image.Image) -> Image.Image:
        toned = colors.point(curve)
        return toned if parameters.saturation == 1 else toned.convert("RGB", _matrix(parameters.saturation))

    return preserving_alpha(image, change)


def _tone(level: float, parameters: Adjust) -> int:
    """Return what becomes of a channel's level, 0 to 1; rounded to 255 steps only at the end."""
    bright = min(1.0, level * parameters.brightness)
    contrasted = min(1.0, max(0.0, (bright - 0.5) * parameters.contrast + 0.5))
    return round(255 * math.pow(contrasted, 1 / parameters.gamma))


def _matrix(saturation: float) -> tuple[float, ...]:
    """Return the matrix that moves colors away from the gray of their luminance, as CSS's saturate() does, or to it."""
    rows = []
    for channel in range(3):
        row = [(1 - saturation) * share for share in LUMINANCE]
        row[channel] += saturation
        rows += [*row, 0.0]
    return tuple(rows)
