"""Defines the reports on an image: on the file that was uploaded, on what it shows, and on each output.

Sizes are bytes, durations are milliseconds with the unit in the name.
"""

import msgspec


class SourceReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was uploaded, by its own words: upright `width` x `height` pixels, `frames` or pages, `bytes`.

    `orientation` is the EXIF one that was applied (1 is upright), `profile` what became of an embedded profile:
    `none` was there, `srgb` changes nothing, `converted`, or `ignored` as unusable. `metadata` names the kinds that
    were found: none of them is in an output, but for what its `keep` names.
    """

    format: str
    width: int
    height: int
    mode: str
    frames: int
    bytes: int
    orientation: int = 1
    gps_removed: bool = False
    profile: str = "none"
    metadata: tuple[str, ...] = ()


class Swatch(msgspec.Struct, frozen=True, kw_only=True):
    """A color (#rrggbb) and the share of the image, 0 to 1, that it stands for."""

    color: str
    share: float


class ImageReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the image's own pixels say. `thumbhash` is base64, `phash` 16 hexadecimal digits; see docs/recipes.md."""

    average_color: str
    palette: tuple[Swatch, ...]
    thumbhash: str
    phash: str
    tags: tuple[str, ...]


class OutputReport(msgspec.Struct, frozen=True, kw_only=True):
    """How a file was made. `quality` is null where the format has none, `bytes_saved` negative if it grew.

    `warnings` are sentences on what could not be made as asked, such as letters that a font lacks.
    """

    format: str
    quality: int | None = None
    frames: int = 1
    bytes_saved: int = 0
    duration_ms: float = 0.0
    warnings: tuple[str, ...] = ()
