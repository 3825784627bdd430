"""Handles colors and transparency for the operations: pixels weigh as much as they are opaque, against dark fringes."""

from collections.abc import Callable

from PIL import Image

from common.recipes.css_colors import parse_color
from services.worker.imaging.geometry import Size

_OPAQUE = 255


def new_canvas(size: Size, mode: str, background: str) -> Image.Image:
    """Return an empty image in one color: RGBA if the `mode` is or the color shines through, else RGB."""
    color = parse_color(background)
    if mode == "RGB" and color[3] == _OPAQUE:
        return Image.new("RGB", size, color[:3])
    return Image.new("RGBA", size, color)


def composite(image: Image.Image, background: Image.Image, corner: tuple[int, int] = (0, 0)) -> Image.Image:
    """Return the background with the image over it, its left top corner at `corner`; the background is changed."""
    if background.mode == "RGBA":
        background.alpha_composite(image if image.mode == "RGBA" else image.convert("RGBA"), corner)
    else:
        background.paste(image, corner, image if image.mode == "RGBA" else None)
    return background


def with_premultiplied_alpha(image: Image.Image, change: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Return the image after a change that mixes neighboring pixels, such as a blur."""
    if image.mode != "RGBA":
        return change(image)
    return change(image.convert("RGBa")).convert("RGBA")


def preserving_alpha(image: Image.Image, change: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Return the image after a change of its colors alone, made in RGB."""
    if image.mode != "RGBA":
        return change(image)
    result = change(image.convert("RGB"))
    result.putalpha(image.getchannel("A"))
    return result
