"""Rounds an image's corners, or makes it a circle."""

import math

from PIL import Image, ImageChops, ImageDraw

from common.recipes.geometry import Round
from services.worker.imaging.geometry import Size, to_pixels

_FINE = 1024  # pixels: larger curves are smooth enough with fewer samples


_SMALLEST = 1 / 8  # pixels: less rounds nothing that is seen


def round_corners(image: Image.Image, parameters: Round) -> Image.Image:
    """Return the image as RGBA, transparent beyond the curves; a circle is cut from the middle of the longer side."""
    width, height = round_size(image.size, parameters)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    result = image.crop((left, top, left + width, top + height)).convert("RGBA")
    mask = _mask(result.size, _radius(result.size, parameters))
    result.putalpha(ImageChops.multiply(result.getchannel("A"), mask))
    return result


def round_size(size: Size, parameters: Round) -> Size:
    """Return the size of the result."""
    return (min(size), min(size)) if parameters.circle else size


def _radius(size: Size, parameters: Round) -> float:
    shorter = min(size)
    wanted = shorter / 2 if parameters.radius is None else to_pixels(parameters.radius, shorter)
    return min(shorter / 2, wanted)


def _mask(size: Size, radius: float) -> Image.Image:
    """Return white where the image stays. Only the corners are drawn, larger and averaged, for smooth edges."""
    mask = Image.new("L", size, 255)
    if radius < _SMALLEST:
        return mask
    side = min(max(1, int(radius + 0.5)), *size)
    samples = 4 if side <= _FINE else 2
    corner = Image.new("L", (side * samples, side * samples))
    pen, reach = ImageDraw.Draw(corner), radius * samples
    pen.ellipse((0, 0, 2 * reach - 1, 2 * reach - 1), fill=255)
    end = math.ceil(reach)  # beyond the curve the corner's last pixel is whole
    if end < corner.width:
        pen.rectangle((end, 0, corner.width, corner.height), fill=255)
        pen.rectangle((0, end, corner.width, corner.height), fill=255)
    corner = corner.reduce(samples)
    right, bottom = size[0] - side, size[1] - side
    mirrored = corner.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for place, part in (((0, 0), corner), ((right, 0), mirrored)):
        _darken(mask, part, place)
        _darken(mask, part.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (place[0], bottom))
    return mask


def _darken(mask: Image.Image, part: Image.Image, place: tuple[int, int]) -> None:
    box = (*place, place[0] + part.width, place[1] + part.height)
    mask.paste(ImageChops.darker(mask.crop(box), part), place)
