"""Sizes, boxes and where a picture lies within them, in pixels; nothing here touches one."""

from typing import Literal, NamedTuple

from common.recipes import Position

Size = tuple[int, int]
Box = tuple[float, float, float, float]  # left, top, right, bottom


class Fit(NamedTuple):
    """What a resize comes to: the `box` cut from the source, scaled by `scale`, gives a picture of `size`."""

    size: Size
    box: Box
    scale: float


def fitted(source: Size, box: Size, *, fit: Literal["inside", "cover"], enlarge: bool) -> Fit:
    """How a picture of the size `source` is fitted to a box; never less than one pixel a side."""
    ratios = (box[0] / source[0], box[1] / source[1])
    scale = min(ratios) if fit == "inside" else max(ratios)
    if not enlarge:
        scale = min(scale, 1.0)
    width, height = (
        min(limit, max(1, int(side * scale + 0.5))) for side, limit in zip(source, box, strict=True)
    )
    if fit == "inside":
        return Fit((width, height), (0.0, 0.0, *source), scale)
    return Fit((width, height), _centred(source, (width / scale, height / scale)), scale)


def within(frame: Box, source: Size, box: Box, image: Size) -> Box:
    """The same `box` of a picture of the size `source`, where the picture fills only the `frame` of an image."""
    left, top, right, bottom = frame
    across, down = (right - left) / source[0], (bottom - top) / source[1]
    return (
        max(0.0, left + box[0] * across),
        max(0.0, top + box[1] * down),
        min(float(image[0]), left + box[2] * across),
        min(float(image[1]), top + box[3] * down),
    )


def turned(picture: tuple[float, float], image: Size, orientation: int) -> Box:
    """The frame in an `image`, already turned upright, of a picture that lay in its top left corner before.

    Averaging rounds sizes up: 4001 pixels by four are 1000.25 in an image of 1001, and turning moves the odd quarter.
    """
    width, height = picture if orientation < 5 else (picture[1], picture[0])  # noqa: PLR2004 - 5 to 8 lie on their side
    left = image[0] - width if orientation in {2, 3, 6, 7} else 0.0
    top = image[1] - height if orientation in {3, 4, 7, 8} else 0.0
    return (left, top, left + width, top + height)


def placed(size: Size, room: Size, position: Position, margin: int) -> tuple[int, int]:
    """The left top corner of something of `size` at a `position` in the `room`, `margin` from its edges."""
    shares = {"left": 0.0, "right": 1.0, "top": 0.0, "bottom": 1.0}
    names = position.split("-")
    across = next((shares[name] for name in names if name in {"left", "right"}), 0.5)
    down = next((shares[name] for name in names if name in {"top", "bottom"}), 0.5)
    spare = (room[0] - size[0] - 2 * margin, room[1] - size[1] - 2 * margin)
    left, top = margin + round(spare[0] * across), margin + round(spare[1] * down)
    return (max(0, left), max(0, top))


def _centred(source: Size, part: tuple[float, float]) -> Box:
    width, height = min(part[0], source[0]), min(part[1], source[1])
    left, top = (source[0] - width) / 2, (source[1] - height) / 2
    return (left, top, left + width, top + height)
