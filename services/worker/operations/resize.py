"""Changes a picture's size: within a box, around it, filling it, or stretched to it."""

from PIL import Image

from common.operations import Resize
from services.worker.fitting import Fit, fitted
from services.worker.geometry import Box, Size, placed
from services.worker.paint import canvas, laid
from services.worker.settling import settled_resize

# Averaging to half as much again and filtering from there takes half the time; services.worker.images has the likeness.
_AVERAGING_GAP = 1.5


def resize(image: Image.Image, parameters: Resize) -> Image.Image:
    """The picture in the size that the parameters give it."""
    settled = settled_resize(parameters, image)
    fit = fitted(image.size, settled)
    return fitted_image(image, fit, fit.box, settled)


def resize_size(size: Size, parameters: Resize) -> Size:
    """The size of the result."""
    return fitted(size, parameters).canvas


def fitted_image(image: Image.Image, fit: Fit, box: Box, parameters: Resize) -> Image.Image:
    """The `box` of an image in the size and on the canvas of a fit, which may be that of a larger picture."""
    result = _scaled(image, fit.size, box)
    if fit.canvas == fit.size:
        return result
    ground = canvas(fit.canvas, image.mode, parameters.background)
    return laid(result, ground, placed(fit.size, fit.canvas, parameters.position))


def _scaled(image: Image.Image, size: Size, box: Box) -> Image.Image:
    """Pixels weigh as much as they are opaque, which Pillow sees to, against dark fringes."""
    return image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=_AVERAGING_GAP)
