"""Replaces what depends on a picture's content by what it comes to, so that all frames of an animation are alike."""

from typing import Final

import msgspec
from PIL import Image, ImageChops

from common.recipes.css_colors import parse_color
from common.recipes.operations import (
    Crop,
    Operation,
    Resize,
    Trim,
)
from common.recipes.values import SMART
from services.worker.imaging.resize_plan import plan_resize
from services.worker.imaging.smart_crop import smart_crop_position

_CENTRE: Final = "center"


def resolve_position(operation: Operation, image: Image.Image) -> Operation:
    """The operation with numbers in place of what the picture decides: a trim becomes a crop, a smart position two
    percentages; any other is returned as it is.

    The picture is the one that the operation would be given, at any scale for a resize.
    """
    if isinstance(operation, Trim):
        return find_trim_box(operation, image)
    if isinstance(operation, Resize):
        return resolve_resize(operation, image)
    return operation


def resolve_resize(resize: Resize, image: Image.Image) -> Resize:
    """The same, with a position that is a side, a corner or two percentages."""
    if resize.position not in SMART:
        return resize
    if resize.fit != "cover" or resize.width is None or resize.height is None:
        return msgspec.structs.replace(resize, position=_CENTRE)
    left, top, right, bottom = plan_resize(image.size, resize).box
    part = (max(1, round(right - left)), max(1, round(bottom - top)))
    across, down = smart_crop_position(image, part, by=resize.position)
    return msgspec.structs.replace(resize, position=f"{100 * across:.4f}% {100 * down:.4f}%")


def find_trim_box(trim: Trim, image: Image.Image) -> Crop:
    """The crop that leaves what differs from the ground: all of the picture where nothing does."""
    colors = image.convert("RGBA")
    ground = colors.getpixel((0, 0)) if trim.background is None else parse_color(trim.background)
    # Colors of pixels that are not seen must not count.
    plain, seen = Image.new("RGBA", (1, 1), ground), colors.convert("RGBa").split()
    levels = [band.getpixel((0, 0)) for band in plain.convert("RGBa").split()]
    beyond = Image.new("L", image.size)
    for band, level in zip(seen, levels, strict=True):
        beyond = ImageChops.lighter(beyond, ImageChops.difference(band, Image.new("L", image.size, level)))
    box = beyond.point(lambda difference: 255 if difference > trim.threshold else 0).getbbox()
    left, top, right, bottom = box or (0, 0, *image.size)
    return Crop(left=left, top=top, width=right - left, height=bottom - top)
