"""Defines what is laid over an image."""

from typing import Annotated

from msgspec import Meta

from common.recipes.base import BaseOperation
from common.recipes.values import (
    Angle,
    Color,
    FileName,
    Fraction,
    Position,
)


class Watermark(BaseOperation, frozen=True, kw_only=True):
    """Lay a text or another image over the image.

    A text without a color is white with a dark outline, and one too small to be read is set larger, on several lines
    if that helps. Fonts and images are files of the operator's.
    """

    text: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    image: Annotated[FileName | None, Meta(description="A file in WATERMARKS_FOLDER.")] = None
    font: Annotated[FileName | None, Meta(description="A file in FONTS_FOLDER.")] = None
    size: Annotated[
        float, Meta(ge=0.02, le=1.0, description="The text's width as a share of the image's.")
    ] = 0.4
    scale: Annotated[float, Meta(ge=0.01, le=1.0, description="Its width as a share of the image's.")] = 0.25
    color: Color | None = None
    opacity: Fraction = 0.75
    position: Position = "bottom-right"
    margin: Annotated[
        float,
        Meta(ge=0.0, le=0.4, description="The distance from the edges as a share of the shorter side."),
    ] = 0.02
    tile: Annotated[bool, Meta(description="Repeat it all over the image, `margin` apart.")] = False
    angle: Angle = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.text is None) == (self.image is None):
            raise ValueError("a watermark needs a text or an image, and not both")
        if self.text is not None and not self.text.strip():
            raise ValueError("a watermark's text must not be blank")
