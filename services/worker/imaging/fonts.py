"""Loads the TrueType font for watermarks: Pillow's own, or a file from the configuration."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import ImageFont

from common.errors import ConfigurationError

_TRIAL: Final = 24  # pixels: large enough for any two glyphs to differ
_NO_LETTER: Final = "\U0010ffff"  # no font has a glyph for it
_WITHOUT_GLYPH: Final = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})  # categories of what is not seen


@dataclass(frozen=True, slots=True)
class Font:
    """Holds a font file's bytes, or without them Pillow's embedded Aileron, which has little more than ASCII.

    Every use opens a face of its own, in 50 microseconds: FreeType's faces are not for sharing between threads.
    """

    data: bytes | None = None

    def at(self, pixels: float) -> ImageFont.FreeTypeFont:
        """Return the font in a size, measured as CSS does: the height of its em square."""
        if self.data is not None:
            return ImageFont.truetype(BytesIO(self.data), pixels)
        font = ImageFont.load_default(pixels)
        if not isinstance(font, ImageFont.FreeTypeFont):
            raise ConfigurationError("Pillow was built without FreeType: watermarks cannot be set")
        return font

    def find_missing(self, text: str) -> str:
        """Return the letters of the text, each once, that the font lacks and draws as its sign for that."""
        return _find_missing(self, text)


def load_font(path: Path | None) -> Font:
    """Return the font in a file, or the embedded one. Raises ConfigurationError if it cannot be used."""
    try:
        font = Font(None if path is None else path.read_bytes())
        font.at(16)
    except OSError as error:
        raise ConfigurationError(f"the watermark's font cannot be used: {error}") from error
    return font


@lru_cache(maxsize=64)  # presets have the same text for every image
def _find_missing(font: Font, text: str) -> str:
    face = font.at(_TRIAL)
    seen = (each for each in dict.fromkeys(text) if unicodedata.category(each) not in _WITHOUT_GLYPH)
    sign = _draw(face, _NO_LETTER)
    return "".join(letter for letter in seen if _draw(face, letter) == sign)


def _draw(face: ImageFont.FreeTypeFont, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = face.getmask(letter)
    return mask.size, bytes(mask)
