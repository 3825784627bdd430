"""Writes a text over a picture: white with a dark outline, so that it is read on light and on dark ground."""

from PIL import Image, ImageDraw

from common.recipes import Watermark
from services.worker.fonts import Font
from services.worker.geometry import placed
from services.worker.typesetting import ANCHOR, Block, typeset

_FILL = "white"
_OUTLINE = "black"


def watermark(image: Image.Image, parameters: Watermark, *, font: Font) -> Image.Image:
    """The picture with the text over it; unchanged where there is no room for letters of four pixels."""
    margin = round(parameters.margin * min(image.size))
    room = (image.width - 2 * margin, image.height - 2 * margin)
    block = typeset(parameters.text, font, width=parameters.size * image.width, room=room)
    if block is None:
        return image
    patch = _drawn(block, parameters.opacity)
    corner = placed(patch.size, image.size, parameters.position, margin)
    result = image.copy()
    if result.mode == "RGBA":
        result.alpha_composite(patch, corner)
    else:
        result.paste(patch, corner, patch)
    return result


def _drawn(block: Block, opacity: float) -> Image.Image:
    """The text as an RGBA patch. Outline and letters share one opacity: neither shines through the other."""
    letters, whole = _mask(block, outlined=False), _mask(block, outlined=True)
    patch = Image.new("RGB", block.size, _OUTLINE)
    patch.paste(_FILL, mask=letters)
    patch.putalpha(whole.point(lambda value: round(value * opacity)))
    return patch


def _mask(block: Block, *, outlined: bool) -> Image.Image:
    mask = Image.new("L", block.size)
    pen, outline = ImageDraw.Draw(mask), block.outline if outlined else 0
    for line in block.lines:
        pen.text(line.start, line.text, fill=255, font=block.font, anchor=ANCHOR, stroke_width=outline)
    return mask
