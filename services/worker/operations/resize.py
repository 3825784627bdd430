"""Changes an image's size: within a box, around it, filling it, or stretched to it."""

import msgspec
from PIL import Image

from common.recipes.geometry import Resize
from common.recipes.values import SMART
from services.worker.imaging.canvas import composite, new_canvas
from services.worker.imaging.geometry import Box, Size, anchor_offset
from services.worker.imaging.resize_plan import ResizePlan, plan_resize
from services.worker.imaging.smart_crop import smart_crop_position

# How much larger than its target an image is averaged before it is filtered: 1.5 takes half the time of filtering
# alone. services.worker.decoding.source_image gives the structural similarities that were measured.
_AVERAGING_GAP = 1.5


def resolve_position(parameters: Resize, image: Image.Image) -> Resize:
    """Return the same with a position that is a side, a corner or two percentages, found in the image at any scale."""
    if parameters.position not in SMART:
        return parameters
    if parameters.fit != "cover" or parameters.width is None or parameters.height is None:
        return msgspec.structs.replace(parameters, position="center")  # nothing is cut off
    left, top, right, bottom = plan_resize(image.size, parameters).box
    window = (max(1, round(right - left)), max(1, round(bottom - top)))
    across, down = smart_crop_position(image, window, strategy=parameters.position)
    return msgspec.structs.replace(parameters, position=f"{100 * across:.4f}% {100 * down:.4f}%")


def resize(image: Image.Image, parameters: Resize) -> Image.Image:
    """Return the image in the size that resolved parameters give it."""
    plan = plan_resize(image.size, parameters)
    return resize_box(image, plan, plan.box, parameters)


def resize_box(image: Image.Image, plan: ResizePlan, box: Box, parameters: Resize) -> Image.Image:
    """Return the `box` of an image in the size and on the canvas of a plan, which may be that of a larger image."""
    result = _scale(image, plan.size, box)
    if plan.canvas == plan.size:
        return result
    background = new_canvas(plan.canvas, image.mode, parameters.background)
    return composite(result, background, anchor_offset(plan.size, plan.canvas, parameters.position))


def _scale(image: Image.Image, size: Size, box: Box) -> Image.Image:
    """Scale a box of the image; Pillow weighs pixels by their opacity, against dark fringes."""
    return image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=_AVERAGING_GAP)
