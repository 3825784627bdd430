"""Operations on tones, colors and detail."""

from typing import Annotated, Final

from msgspec import Meta

from common.recipes.base import BaseOperation
from common.recipes.css_colors import parse_color
from common.recipes.values import Color

_OPAQUE: Final = 255


class Blur(BaseOperation, frozen=True, kw_only=True):
    """Blur as a Gaussian does; `sigma` is its standard deviation in pixels."""

    sigma: Annotated[float, Meta(ge=0.3, le=250.0)]


class Sharpen(BaseOperation, frozen=True, kw_only=True):
    """Sharpen by an unsharp mask: `amount` times the difference to a blur of `sigma` pixels is added."""

    sigma: Annotated[float, Meta(ge=0.3, le=10.0)] = 1.0
    amount: Annotated[float, Meta(ge=0.0, le=10.0)] = 1.0


class Pixelate(BaseOperation, frozen=True, kw_only=True):
    """Make squares of `size` pixels a side, each in one color."""

    size: Annotated[int, Meta(ge=2, le=1024)]


class Grayscale(BaseOperation, frozen=True, kw_only=True):
    """Take the colors away, weighing them as CSS does."""


class Adjust(BaseOperation, frozen=True, kw_only=True):
    """Change the tones: brightness, contrast, gamma and saturation, in this order; 1 leaves each as it is."""

    brightness: Annotated[float, Meta(ge=0.0, le=10.0, description="A factor, as in CSS.")] = 1.0
    contrast: Annotated[float, Meta(ge=0.0, le=10.0, description="A factor around mid-gray, as in CSS.")] = (
        1.0
    )
    saturation: Annotated[float, Meta(ge=0.0, le=10.0, description="0 is gray, as in CSS.")] = 1.0
    gamma: Annotated[float, Meta(ge=0.1, le=10.0, description="Above 1 lightens the middle tones.")] = 1.0


class Flatten(BaseOperation, frozen=True, kw_only=True):
    """Lay the image on an opaque background, which leaves nothing transparent."""

    background: Color = "white"

    def __post_init__(self) -> None:
        super().__post_init__()
        if parse_color(self.background)[3] != _OPAQUE:
            raise ValueError("background must be opaque")
