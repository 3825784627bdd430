"""Computes sizes, boxes and where an image lies within them, in pixels; no pixel is touched here."""

from typing import Final

from common.errors import InvalidRecipeError
from common.recipes.values import MAX_DIMENSION

Size = tuple[int, int]
Box = tuple[float, float, float, float]  # left, top, right, bottom
Shares = tuple[float, float]  # of what is left over: 0 is left or top, 1 right or bottom

MAX_AREA: Final = MAX_DIMENSION**2  # pixels
_EDGES: Final = {"left": 0.0, "right": 1.0, "top": 0.0, "bottom": 1.0}


def clamp_box(size: Size, source: Size) -> Size:
    """Return the size of what is made of an image of the size `source`.

    Raises InvalidRecipeError if it grew beyond MAX_DIMENSION a side or MAX_AREA; what came larger may stay so.
    """
    limit, area = max(MAX_DIMENSION, *source), max(MAX_AREA, source[0] * source[1])
    if max(size) > limit or size[0] * size[1] > area:
        raise InvalidRecipeError(
            f"the image would grow to {size[0]} x {size[1]} pixels; allowed are {MAX_DIMENSION} a side"
        )
    return size


def to_pixels(length: int | str, whole: int) -> float:
    """Return in pixels a length that is given in pixels, or as a percentage of the whole."""
    return float(length) if isinstance(length, int) else float(length.removesuffix("%")) / 100 * whole


def shares_of(position: str) -> Shares:
    """Return the shares of a position that is given as a side, a corner, or two percentages."""
    if position.endswith("%"):
        across, down = (float(part.removesuffix("%")) / 100 for part in position.split())
        return (across, down)
    names = position.split("-")
    return (
        next((_EDGES[name] for name in names if name in {"left", "right"}), 0.5),
        next((_EDGES[name] for name in names if name in {"top", "bottom"}), 0.5),
    )


def map_box(frame: Box, source: Size, box: Box, decoded: Size) -> Box:
    """Return the same `box` of an image of the size `source`, where that fills only the `frame` of a decoded one."""
    left, top, right, bottom = frame
    across, down = (right - left) / source[0], (bottom - top) / source[1]
    return (
        max(0.0, left + box[0] * across),
        max(0.0, top + box[1] * down),
        min(float(decoded[0]), left + box[2] * across),
        min(float(decoded[1]), top + box[3] * down),
    )


def orient_box(extent: tuple[float, float], decoded: Size, orientation: int) -> Box:
    """Return the frame, in a decoded image that was turned upright, of what lay in its top left corner before.

    Averaging rounds sizes up: 4001 pixels by four are 1000.25 of 1001, and turning moves the odd quarter.
    """
    width, height = extent if orientation < 5 else (extent[1], extent[0])  # noqa: PLR2004 - 5 to 8 lie on their side
    left = decoded[0] - width if orientation in {2, 3, 6, 7} else 0.0
    top = decoded[1] - height if orientation in {3, 4, 7, 8} else 0.0
    return (left, top, left + width, top + height)


def anchor_offset(size: Size, room: Size, position: str, margin: int = 0) -> tuple[int, int]:
    """Return the left top corner of something of `size` at a `position` in the `room`, `margin` from its edges."""
    across, down = shares_of(position)
    spare = (room[0] - size[0] - 2 * margin, room[1] - size[1] - 2 * margin)
    left, top = margin + round(spare[0] * across), margin + round(spare[1] * down)
    return (max(0, left), max(0, top))
