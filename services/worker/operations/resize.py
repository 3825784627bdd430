"""Changes a picture's size: within a box, around it, filling it, or stretched to it."""

from PIL import Image

from common.recipes.operations import Resize
from services.worker.imaging.canvas import composite, new_canvas
from services.worker.imaging.content_aware import resolve_resize
from services.worker.imaging.geometry import Box, Size, anchor_offset
from services.worker.imaging.resize_plan import ResizePlan, plan_resize

# Averaging to half as much again and filtering from there takes half the time;
# services.worker.decoding.source_image has the likeness.
_AVERAGING_GAP = 1.5


def resize(image: Image.Image, parameters: Resize) -> Image.Image:
    """The picture in the size that the parameters give it."""
    settled = resolve_resize(parameters, image)
    fit = plan_resize(image.size, settled)
    return fitted_image(image, fit, fit.box, settled)


def resize_size(size: Size, parameters: Resize) -> Size:
    """The size of the result."""
    return plan_resize(size, parameters).canvas


def fitted_image(image: Image.Image, fit: ResizePlan, box: Box, parameters: Resize) -> Image.Image:
    """The `box` of an image in the size and on the canvas of a fit, which may be that of a larger picture."""
    result = _scaled(image, fit.size, box)
    if fit.canvas == fit.size:
        return result
    ground = new_canvas(fit.canvas, image.mode, parameters.background)
    return composite(result, ground, anchor_offset(fit.size, fit.canvas, parameters.position))


def _scaled(image: Image.Image, size: Size, box: Box) -> Image.Image:
    """Pixels weigh as much as they are opaque, which Pillow sees to, against dark fringes."""
    return image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=_AVERAGING_GAP)
