"""The TrueType font watermarks are set in: Pillow's own, or a file from the configuration."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import ImageFont

from common.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Font:
    """A font file's bytes; without them Pillow's embedded Aileron, which knows Latin letters only.

    Every use opens a face of its own, in 50 microseconds: FreeType's faces are not for sharing between threads.
    """

    data: bytes | None = None

    def at(self, pixels: float) -> ImageFont.FreeTypeFont:
        """The font in a size, measured as CSS does: the height of its em square."""
        if self.data is not None:
            return ImageFont.truetype(BytesIO(self.data), pixels)
        font = ImageFont.load_default(pixels)
        if not isinstance(font, ImageFont.FreeTypeFont):
            raise ConfigurationError("Pillow was built without FreeType: watermarks cannot be set")
        return font


def load_font(path: Path | None) -> Font:
    """The font in a file, or the embedded one. Raises ConfigurationError if it cannot be used."""
    try:
        font = Font(None if path is None else path.read_bytes())
        font.at(16)
    except OSError as error:
        raise ConfigurationError(f"the watermark's font cannot be used: {error}") from error
    return font
