"""Draws a text that is laid out: white with a dark outline, to be read on light and dark, or in one color."""

from PIL import Image, ImageDraw

from common.recipes.css_colors import parse_color
from services.worker.imaging.text_layout import ANCHOR, TextLayout

_FILL = "white"
_OUTLINE = "black"


def draw_text(layout: TextLayout, color: str | None) -> Image.Image:
    """Return the text as an RGBA image of the layout's size, opaque unless the color is not."""
    return _draw_outlined(layout) if color is None else _draw_plain(layout, color)


def _draw_outlined(layout: TextLayout) -> Image.Image:
    """Draw white on black; letters and outline share one transparency, so that neither shines through the other."""
    image = Image.new("RGB", layout.size, _OUTLINE)
    image.paste(_FILL, mask=_draw_mask(layout, outline=0.0))
    image.putalpha(_draw_mask(layout, outline=layout.outline))
    return image


def _draw_plain(layout: TextLayout, color: str) -> Image.Image:
    *levels, alpha = parse_color(color)
    image = Image.new("RGB", layout.size, tuple(levels))
    image.putalpha(_draw_mask(layout, outline=0.0).point(lambda value: round(value * alpha / 255)))
    return image


def _draw_mask(layout: TextLayout, *, outline: float) -> Image.Image:
    mask = Image.new("L", layout.size)
    pen = ImageDraw.Draw(mask)
    for line in layout.lines:
        pen.text(line.start, line.text, fill=255, font=layout.font, anchor=ANCHOR, stroke_width=outline)
    return mask
