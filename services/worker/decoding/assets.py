"""Finds the operator's files that recipes name: fonts and watermark images, each in a folder of the configuration."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from PIL import Image

from common.errors import ConfigurationError, InvalidRecipeError
from common.formats.format_specs import input_formats
from services.worker.decoding.color_management import expand_palette, to_srgb
from services.worker.decoding.image_header import pillow_formats
from services.worker.imaging.fonts import Font, load_font


@dataclass(frozen=True, slots=True)
class Assets:
    """Holds the operator's files: the `font` of the configuration, and two folders or none."""

    font: Font = field(default_factory=Font)
    fonts_folder: Path | None = None
    watermarks_folder: Path | None = None

    def font_named(self, name: str | None) -> Font:
        """Return the font in a file of the folder, or the configured one. Raises InvalidRecipeError."""
        if name is None:
            return self.font
        path = _find_file(self.fonts_folder, name, "font")
        try:
            return load_font(path)
        except ConfigurationError as error:
            raise InvalidRecipeError(f"the font {name!r} cannot be used") from error

    def image_named(self, name: str) -> Image.Image:
        """Return the image in a file of the folder, as RGB or RGBA; not to be changed. Raises InvalidRecipeError."""
        path = _find_file(self.watermarks_folder, name, "watermark image")
        try:
            return _load_image(path, path.stat().st_mtime_ns)
        except (OSError, SyntaxError, ValueError) as error:
            raise InvalidRecipeError(f"the watermark image {name!r} cannot be read") from error


def _find_file(folder: Path | None, name: str, kind: str) -> Path:
    path = None if folder is None else folder / name
    if path is None or not path.is_file():
        raise InvalidRecipeError(f"there is no {kind} {name!r} on this server")
    return path


@lru_cache(maxsize=8)
def _load_image(path: Path, _modified: int) -> Image.Image:
    """Decoded once for all jobs, and again when the file has changed."""
    formats = pillow_formats(spec for spec in input_formats() if spec.output)
    with Image.open(path, formats=formats) as opened:
        opened.load()
        image, _ = to_srgb(expand_palette(opened), opened.info.get("icc_profile"))
    return image
