"""Plans a resize of an image of a given size, before any pixel is touched; the sizes are those of sharp."""

from typing import NamedTuple

from common.recipes.geometry import Resize
from common.recipes.values import SMART
from services.worker.imaging.geometry import (
    Box,
    Shares,
    Size,
    clamp_box,
    shares_of,
)


class ResizePlan(NamedTuple):
    """Describes a resize: `box` is cut from the source, scaled to `size`, and placed on a canvas of the size `canvas`.

    `scale` is the larger of the two sides' scales: what of the source's resolution is needed.
    """

    size: Size
    box: Box
    scale: float
    canvas: Size


def plan_resize(source: Size, parameters: Resize) -> ResizePlan:
    """Return how an image of the size `source` is resized; never less than one pixel a side.

    A position that depends on the content counts as the center. Raises InvalidRecipeError if it would grow too large.
    """
    limits = (parameters.width, parameters.height)
    if parameters.width is None or parameters.height is None:
        return _proportional(source, limits, enlarge=parameters.enlarge)
    box = (parameters.width, parameters.height)
    if parameters.fit == "fill":
        return _stretched(source, box, enlarge=parameters.enlarge)
    ratios = (box[0] / source[0], box[1] / source[1])
    scale = max(ratios) if parameters.fit in {"cover", "outside"} else min(ratios)
    scale = scale if parameters.enlarge else min(scale, 1.0)
    if parameters.fit == "outside":
        size = clamp_box(_scaled(source, scale), source)
        return ResizePlan(size, (0.0, 0.0, *source), scale, size)
    width, height = (min(limit, side) for limit, side in zip(box, _scaled(source, scale), strict=True))
    if parameters.fit == "cover":
        part = _part(source, (width / scale, height / scale), _shares(parameters.position))
        return ResizePlan((width, height), part, scale, (width, height))
    canvas = box if parameters.fit == "contain" else (width, height)
    return ResizePlan((width, height), (0.0, 0.0, *source), scale, clamp_box(canvas, source))


def _proportional(source: Size, limits: tuple[int | None, int | None], *, enlarge: bool) -> ResizePlan:
    """Return the plan where one side is given, and the other follows."""
    scale = min(limit / side for limit, side in zip(limits, source, strict=True) if limit is not None)
    size = clamp_box(_scaled(source, scale if enlarge else min(scale, 1.0)), source)
    return ResizePlan(size, (0.0, 0.0, *source), scale if enlarge else min(scale, 1.0), size)


def _stretched(source: Size, box: Size, *, enlarge: bool) -> ResizePlan:
    width, height = box if enlarge else (min(box[0], source[0]), min(box[1], source[1]))
    scale = max(width / source[0], height / source[1])
    return ResizePlan((width, height), (0.0, 0.0, *source), scale, (width, height))


def _scaled(source: Size, scale: float) -> Size:
    return (max(1, int(source[0] * scale + 0.5)), max(1, int(source[1] * scale + 0.5)))


def _shares(position: str) -> Shares:
    return shares_of("center") if position in SMART else shares_of(position)


def _part(source: Size, part: tuple[float, float], shares: Shares) -> Box:
    width, height = min(part[0], source[0]), min(part[1], source[1])
    left, top = (source[0] - width) * shares[0], (source[1] - height) * shares[1]
    return (left, top, left + width, top + height)
