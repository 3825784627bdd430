"""Draws a text that is set already: white with a dark outline, to be read on light and dark, or in one color."""

from PIL import Image, ImageDraw

from common.recipes.css_colors import parse_color
from services.worker.imaging.text_layout import ANCHOR, TextLayout

_FILL = "white"
_OUTLINE = "black"


def draw_text(block: TextLayout, color: str | None) -> Image.Image:
    """The text as an RGBA picture of the block's size, opaque unless the color is not."""
    return _outlined(block) if color is None else _plain(block, color)


def _outlined(block: TextLayout) -> Image.Image:
    """Outline and letters have one transparency in common: neither shines through the other."""
    picture = Image.new("RGB", block.size, _OUTLINE)
    picture.paste(_FILL, mask=_mask(block, outline=0.0))
    picture.putalpha(_mask(block, outline=block.outline))
    return picture


def _plain(block: TextLayout, color: str) -> Image.Image:
    *levels, alpha = parse_color(color)
    picture = Image.new("RGB", block.size, tuple(levels))
    picture.putalpha(_mask(block, outline=0.0).point(lambda value: round(value * alpha / 255)))
    return picture


def _mask(block: TextLayout, *, outline: float) -> Image.Image:
    mask = Image.new("L", block.size)
    pen = ImageDraw.Draw(mask)
    for line in block.lines:
        pen.text(line.start, line.text, fill=255, font=block.font, anchor=ANCHOR, stroke_width=outline)
    return mask
