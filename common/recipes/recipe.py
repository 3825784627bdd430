"""Recipes: what is to be made of an image, in the terms of sharp and CSS; every number is bounded.

A recipe is a list of named outputs, each a format and a list of operations. It travels in the manifest, is checked once
at the door and trusted by the worker.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from common.formats.format_specs import Format, output_formats
from common.recipes.operations import Operation
from common.recipes.values import END

MAX_OUTPUTS = 16
MAX_OPERATIONS = 16

Name = Annotated[str, Meta(pattern=rf"^[a-z0-9][a-z0-9_-]{{0,63}}{END}")]
Formats = Annotated[tuple[Format, ...], Meta(min_length=1, max_length=len(output_formats()))]
Kept = Literal["copyright", "icc"]
Quality = Annotated[int, Meta(ge=1, le=100)]


class Output(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One image to make: `name` is its place in the URL, `format` its encoding or a list of encodings.

    Of several formats each becomes a file of its own from the same rendering, and the URL with the bare name serves
    the one that the client's `Accept` prefers. `auto` chooses by what the image turns out to be: WebP for an animation
    or a transparent photograph, PNG for a drawing, JPEG for any other.

    Without a `quality` each format has one of its own; `max_bytes` lowers it until the file fits. `lossless` is for
    formats that have the choice. `animated` keeps an animation moving where the format can. `keep` names what is not
    stripped: `copyright`, that is artist and copyright and nothing else, or `icc`, the profile of an RGB image, whose
    colors then stay as they are.
    """

    name: Name
    format: Format | Literal["auto"] | Formats = "jpeg"
    quality: Quality | None = None
    lossless: bool = False
    max_bytes: Annotated[int, Meta(ge=64, le=1024**3)] | None = None
    animated: bool = True
    keep: Annotated[tuple[Kept, ...], Meta(max_length=2)] = ()
    operations: Annotated[tuple[Operation, ...], Meta(max_length=MAX_OPERATIONS)] = ()

    def __post_init__(self) -> None:
        if len(set(self.formats)) != len(self.formats):
            raise ValueError("the formats of an output must differ")
        lossless = {spec.name for spec in output_formats() if spec.lossless_option}
        if self.lossless and not (lossless | {"auto"}) & set(self.formats):
            raise ValueError(f"lossless is for {', '.join(sorted(lossless))}; no other format has the choice")
        bare = {spec.name for spec in output_formats() if not spec.icc_profile} & set(self.formats)
        if "icc" in self.keep and bare:
            raise ValueError(f"a {', '.join(sorted(bare))} holds no profile to keep")

    @property
    def formats(self) -> tuple[Format | Literal["auto"], ...]:
        """Return the encodings to make, in the order of the recipe."""
        return (self.format,) if isinstance(self.format, str) else self.format


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to make of one image: between one output and sixteen, with names of their own."""

    outputs: Annotated[tuple[Output, ...], Meta(min_length=1, max_length=MAX_OUTPUTS)]

    def __post_init__(self) -> None:
        names = [output.name for output in self.outputs]
        if len(set(names)) != len(names):
            raise ValueError("outputs must have names of their own")
        if reserved := {"original"} & set(names):
            raise ValueError(f"an output cannot be named {', '.join(reserved)}")
