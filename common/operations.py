"""What can be done to a picture, one struct an operation; their docstrings are the descriptions in the JSON Schema.

The terms are those of sharp and CSS. Lengths are pixels, or a percentage of the picture where they may be a string;
angles are degrees, clockwise. What a struct cannot say by bounds alone it checks when it is made.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from common.colours import parse_colour
from common.parameters import (
    MAX_DIMENSION,
    Angle,
    Colour,
    Dimension,
    FileName,
    Focus,
    Fraction,
    Offset,
    Percentage,
    Pixels,
    Position,
)

_COLOURS: Final = ("background", "color")
_OPAQUE: Final = 255


class _Operation(msgspec.Struct, frozen=True, tag_field="op", tag=str.lower, forbid_unknown_fields=True):
    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if name in _COLOURS and (value := getattr(self, name)) is not None:
                _check_colour(name, value)


class Resize(_Operation, frozen=True, kw_only=True):
    """Change the size. With width or height alone, the other follows from the picture's proportions.

    `inside` fits within the box, `outside` around it, `cover` fills it and cuts what stands over, `contain` fits within
    and fills the rest with `background`, `fill` stretches (CSS object-fit). Without `enlarge` no picture grows, as with
    sharp's withoutEnlargement: `cover` then only cuts a smaller one, so that the result may be smaller than the box.
    `position` is what `cover` keeps and where `contain` puts the picture.
    """

    width: Annotated[Dimension | None, Meta(description="The box's width.")] = None
    height: Annotated[Dimension | None, Meta(description="The box's height.")] = None
    fit: Literal["inside", "outside", "cover", "contain", "fill"] = "inside"
    enlarge: bool = False
    position: Annotated[
        Focus,
        Meta(description="A side or corner, two percentages, or what draws the eye: attention, entropy."),
    ] = "center"
    background: Colour = "transparent"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width is None and self.height is None:
            raise ValueError("a resize needs a width, a height or both")


class Crop(_Operation, frozen=True, kw_only=True):
    """Cut out a part; without `width` or `height` all that is right of `left` or below `top`."""

    left: Offset | Percentage = 0
    top: Offset | Percentage = 0
    width: Pixels | Percentage | None = None
    height: Pixels | Percentage | None = None


_Border = Annotated[int, Meta(ge=0, le=MAX_DIMENSION)]


class Extend(_Operation, frozen=True, kw_only=True):
    """Add a border of so many pixels at each side."""

    top: _Border = 0
    right: _Border = 0
    bottom: _Border = 0
    left: _Border = 0
    background: Colour = "transparent"


class Trim(_Operation, frozen=True, kw_only=True):
    """Cut off the edges that look like the `background`: without one, like the corner at the top left."""

    threshold: Annotated[int, Meta(ge=0, le=254, description="How far a channel may be off, of 255.")] = 10
    background: Colour | None = None


class Rotate(_Operation, frozen=True, kw_only=True):
    """Turn clockwise; the picture grows to hold its corners, and `background` fills the new ones."""

    angle: Angle
    background: Colour = "transparent"


class Flip(_Operation, frozen=True, kw_only=True):
    """Mirror top to bottom."""


class Flop(_Operation, frozen=True, kw_only=True):
    """Mirror left to right."""


class Watermark(_Operation, frozen=True, kw_only=True):
    """Lay a text or an image over the picture.

    A text without a colour is white with a dark outline, and one too small to be read is set larger, on several lines
    if that helps. Fonts and images are files of the operator's.
    """

    text: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    image: Annotated[FileName | None, Meta(description="A file in WATERMARKS_FOLDER.")] = None
    font: Annotated[FileName | None, Meta(description="A file in FONTS_FOLDER.")] = None
    size: Annotated[
        float, Meta(ge=0.02, le=1.0, description="The text's width as a share of the picture's.")
    ] = 0.4
    scale: Annotated[
        float, Meta(ge=0.01, le=1.0, description="The image's width as a share of the picture's.")
    ] = 0.25
    color: Colour | None = None
    opacity: Fraction = 0.75
    position: Position = "bottom-right"
    margin: Annotated[
        float,
        Meta(ge=0.0, le=0.4, description="The distance from the edges as a share of the shorter side."),
    ] = 0.02
    tile: Annotated[bool, Meta(description="Repeat it all over the picture, `margin` apart.")] = False
    angle: Angle = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.text is None) == (self.image is None):
            raise ValueError("a watermark needs a text or an image, and not both")
        if self.text is not None and not self.text.strip():
            raise ValueError("a watermark's text must not be blank")


class Blur(_Operation, frozen=True, kw_only=True):
    """Blur as a Gaussian does; `sigma` is its standard deviation in pixels."""

    sigma: Annotated[float, Meta(ge=0.3, le=250.0)]


class Sharpen(_Operation, frozen=True, kw_only=True):
    """Sharpen by an unsharp mask: `amount` times the difference to a blur of `sigma` pixels is added."""

    sigma: Annotated[float, Meta(ge=0.3, le=10.0)] = 1.0
    amount: Annotated[float, Meta(ge=0.0, le=10.0)] = 1.0


class Pixelate(_Operation, frozen=True, kw_only=True):
    """Make squares of `size` pixels a side, each in one colour."""

    size: Annotated[int, Meta(ge=2, le=1024)]


class Grayscale(_Operation, frozen=True, kw_only=True):
    """Take the colours away, weighing them as CSS does."""


class Adjust(_Operation, frozen=True, kw_only=True):
    """Change the tones: brightness, contrast, gamma and saturation, in this order; 1 leaves each as it is."""

    brightness: Annotated[float, Meta(ge=0.0, le=10.0, description="A factor, as in CSS.")] = 1.0
    contrast: Annotated[float, Meta(ge=0.0, le=10.0, description="A factor around mid-grey, as in CSS.")] = (
        1.0
    )
    saturation: Annotated[float, Meta(ge=0.0, le=10.0, description="0 is grey, as in CSS.")] = 1.0
    gamma: Annotated[float, Meta(ge=0.1, le=10.0, description="Above 1 lightens the middle tones.")] = 1.0


class Round(_Operation, frozen=True, kw_only=True):
    """Round the corners by `radius`, or cut out the largest `circle` in the middle; what is cut is transparent."""

    radius: Annotated[
        Pixels | Percentage | None, Meta(description="Pixels, or a percentage of the shorter side.")
    ] = None
    circle: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.radius is None) != self.circle:
            raise ValueError("a round needs a radius or a circle, and not both")


class Flatten(_Operation, frozen=True, kw_only=True):
    """Lay the picture on an opaque ground: nothing of it is transparent afterwards."""

    background: Colour = "white"

    def __post_init__(self) -> None:
        super().__post_init__()
        if parse_colour(self.background)[3] != _OPAQUE:
            raise ValueError("background must be opaque")


Operation = (
    Resize
    | Crop
    | Extend
    | Trim
    | Rotate
    | Flip
    | Flop
    | Watermark
    | Blur
    | Sharpen
    | Pixelate
    | Grayscale
    | Adjust
    | Round
    | Flatten
)


def files_named(operations: Iterable[Operation]) -> Iterator[tuple[Literal["image", "font"], str]]:
    """The operator's files that the operations name: the parameter, and the file's name."""
    for operation in operations:
        if isinstance(operation, Watermark):
            if operation.image is not None:
                yield "image", operation.image
            if operation.font is not None:
                yield "font", operation.font


def _check_colour(name: str, value: str) -> None:
    try:
        parse_colour(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
