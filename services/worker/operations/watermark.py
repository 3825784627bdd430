"""Lays a text or an image over another, once or all over it."""

from typing import Final

from PIL import Image

from common.recipes.geometry import Rotate
from common.recipes.watermark import Watermark
from services.worker.decoding.assets import Assets
from services.worker.imaging.canvas import composite
from services.worker.imaging.geometry import Size, anchor_offset
from services.worker.imaging.text_drawing import draw_text
from services.worker.imaging.text_layout import layout_text
from services.worker.operations.rotate import measure_rotated, rotate_onto_clear

_LEAST_STEP: Final = 16  # pixels from one tile to the next: bounds their number


def watermark(image: Image.Image, parameters: Watermark, *, assets: Assets) -> Image.Image:
    """Return the image with the mark over it; unchanged where there is no room for letters of four pixels."""
    margin = round(parameters.margin * min(image.size))
    room = (image.width - 2 * margin, image.height - 2 * margin)
    mark = _make_mark(image.size, parameters, room, assets)
    if mark is None:
        return image
    mark = _turn(mark, parameters.angle, room)
    mark.putalpha(mark.getchannel("A").point(lambda value: round(value * parameters.opacity)))
    if parameters.tile:
        return composite(_tile(mark, image.size, margin), image.copy())
    return composite(mark, image.copy(), anchor_offset(mark.size, image.size, parameters.position, margin))


def warn_of_missing_letters(parameters: Watermark, *, assets: Assets) -> str | None:
    """Return a sentence that names the letters of a text which its font lacks; None if it has all."""
    missing = assets.font_named(parameters.font).find_missing(parameters.text or "")
    if not missing:
        return None
    font = "the server's font" if parameters.font is None else f"the font {parameters.font!r}"
    return f"{font} lacks letters of the watermark: {' '.join(missing)}"


def _make_mark(size: Size, parameters: Watermark, room: Size, assets: Assets) -> Image.Image | None:
    """Return the text or the image as RGBA, within the room."""
    if parameters.image is not None:
        logo, width = assets.image_named(parameters.image), max(1.0, parameters.scale * size[0])
        return _fit(logo, width / logo.width, room).convert("RGBA")
    font = assets.font_named(parameters.font)
    layout = layout_text(parameters.text or "", font, width=parameters.size * size[0], room=room)
    return None if layout is None else draw_text(layout, parameters.color)


def _turn(mark: Image.Image, angle: float, room: Size) -> Image.Image:
    """Return the mark turned, made smaller first if it would leave the room."""
    if angle % 360 == 0:
        return mark
    turn = Rotate(angle=angle)
    wide, high = measure_rotated(mark.size, turn)
    fitting = _fit(mark, min(1.0, room[0] / wide, room[1] / high), room)
    return rotate_onto_clear(fitting, angle, measure_rotated(fitting.size, turn))


def _fit(mark: Image.Image, scale: float, room: Size) -> Image.Image:
    """Return the mark scaled, or less than that where the room ends; at least one pixel a side."""
    scale = min(scale, room[0] / mark.width, room[1] / mark.height)
    size = (max(1, round(mark.width * scale)), max(1, round(mark.height * scale)))
    return mark.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _tile(mark: Image.Image, size: Size, gap: int) -> Image.Image:
    """Return a clear image full of marks, in rows and columns about its middle."""
    step = (max(_LEAST_STEP, mark.width + gap), max(_LEAST_STEP, mark.height + gap))
    first = tuple(
        (whole - own) // 2 % far - far for whole, own, far in zip(size, mark.size, step, strict=True)
    )
    row, layer = Image.new("RGBA", (size[0], mark.height)), Image.new("RGBA", size)
    for left in range(first[0], size[0], step[0]):
        row.paste(mark, (left, 0))
    for top in range(first[1], size[1], step[1]):
        layer.paste(row, (0, top))
    return layer
