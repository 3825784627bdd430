"""Operations that change an image's size and shape."""

from typing import Annotated, Literal

from msgspec import Meta

from common.recipes.base import BaseOperation
from common.recipes.values import (
    MAX_DIMENSION,
    Angle,
    Color,
    Dimension,
    Focus,
    Offset,
    Percentage,
    Pixels,
)

_Border = Annotated[int, Meta(ge=0, le=MAX_DIMENSION)]


class Resize(BaseOperation, frozen=True, kw_only=True):
    """Change the size. With width or height alone, the other follows from the image's proportions.

    `inside` fits within the box, `outside` around it, `cover` fills it and cuts what stands over, `contain` fits within
    and fills the rest with `background`, `fill` stretches (CSS object-fit). Without `enlarge` no image grows, as with
    sharp's withoutEnlargement: `cover` then only cuts a smaller one, so that the result may be smaller than the box.
    `position` is what `cover` keeps and where `contain` puts the image.
    """

    width: Annotated[Dimension | None, Meta(description="The box's width.")] = None
    height: Annotated[Dimension | None, Meta(description="The box's height.")] = None
    fit: Literal["inside", "outside", "cover", "contain", "fill"] = "inside"
    enlarge: bool = False
    position: Annotated[
        Focus,
        Meta(description="A side or corner, two percentages, or what draws the eye: attention, entropy."),
    ] = "center"
    background: Color = "transparent"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width is None and self.height is None:
            raise ValueError("a resize needs a width, a height or both")


class Crop(BaseOperation, frozen=True, kw_only=True):
    """Cut out a part; without `width` or `height` all that is right of `left` or below `top`."""

    left: Offset | Percentage = 0
    top: Offset | Percentage = 0
    width: Pixels | Percentage | None = None
    height: Pixels | Percentage | None = None


class Extend(BaseOperation, frozen=True, kw_only=True):
    """Add a border of so many pixels at each side."""

    top: _Border = 0
    right: _Border = 0
    bottom: _Border = 0
    left: _Border = 0
    background: Color = "transparent"


class Trim(BaseOperation, frozen=True, kw_only=True):
    """Cut off the edges that look like the `background`: without one, like the corner at the top left."""

    threshold: Annotated[int, Meta(ge=0, le=254, description="How far a channel may be off, of 255.")] = 10
    background: Color | None = None


class Rotate(BaseOperation, frozen=True, kw_only=True):
    """Turn clockwise; the image grows to hold its corners, and `background` fills the new ones."""

    angle: Angle
    background: Color = "transparent"


class Flip(BaseOperation, frozen=True, kw_only=True):
    """Mirror top to bottom."""


class Flop(BaseOperation, frozen=True, kw_only=True):
    """Mirror left to right."""


class Round(BaseOperation, frozen=True, kw_only=True):
    """Round the corners by `radius`, or cut out the largest `circle` in the middle; what is cut is transparent."""

    radius: Annotated[
        Pixels | Percentage | None, Meta(description="Pixels, or a percentage of the shorter side.")
    ] = None
    circle: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.radius is None) != self.circle:
            raise ValueError("a round needs a radius or a circle, and not both")
