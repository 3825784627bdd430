"""The kinds of values that operations take, each bounded and described for the JSON Schema of recipes."""

from typing import Annotated, Final, Literal

from msgspec import Meta

MAX_DIMENSION: Final = (
    8192  # pixels a side; less than any format holds, and 8192 x 8192 RGBA is 256 MiB in memory
)
MAX_OFFSET: Final = 1_000_000  # pixels: beyond any image that is taken
SMART: Final = frozenset({"attention", "entropy"})  # positions that depend on what the image shows

_PERCENTAGE: Final = r"(100(\.0{1,6})?|[0-9]{1,2}(\.[0-9]{1,6})?)%"
# Without the second part Python lets `$` stand before a last line break; JSON Schema's own `$` never does.
END: Final = r"$(?!\n)"

Dimension = Annotated[int, Meta(ge=1, le=MAX_DIMENSION)]
Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
Angle = Annotated[float, Meta(ge=-360.0, le=360.0)]
Offset = Annotated[int, Meta(ge=0, le=MAX_OFFSET)]
Pixels = Annotated[int, Meta(ge=1, le=MAX_OFFSET)]
Percentage = Annotated[str, Meta(pattern=f"^{_PERCENTAGE}{END}", examples=["50%", "12.5%"])]
Color = Annotated[
    str,
    Meta(
        pattern=f"^(#[0-9a-fA-F]{{3,8}}|[a-zA-Z]{{3,20}}){END}",
        examples=["white", "#336699", "#33669980", "transparent"],
    ),
]
FileName = Annotated[
    str, Meta(pattern=f"^[A-Za-z0-9][A-Za-z0-9 ._-]{{0,99}}{END}", examples=["logo.png", "Inter-Bold.ttf"])
]
Position = Literal[
    "center", "top", "right", "bottom", "left", "top-left", "top-right", "bottom-left", "bottom-right"
]
_COMPASS: Final = "center|top|right|bottom|left|top-left|top-right|bottom-left|bottom-right"
Focus = Annotated[
    str,
    Meta(
        pattern=f"^({_COMPASS}|attention|entropy|{_PERCENTAGE} {_PERCENTAGE}){END}",
        examples=["center", "top-left", "30% 70%", "attention", "entropy"],
    ),
]
