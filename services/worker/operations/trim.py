"""Finds the edges of an image that look like its background."""

from PIL import Image, ImageChops

from common.recipes.css_colors import parse_color
from common.recipes.geometry import Crop, Trim


def find_trim_box(parameters: Trim, image: Image.Image) -> Crop:
    """Return the crop that leaves what differs from the background: all of the image where nothing does."""
    colors = image.convert("RGBA")
    background = parse_color(parameters.background) if parameters.background else colors.getpixel((0, 0))
    # Premultiplied, so that the colors of pixels that are not seen do not count.
    plain, seen = Image.new("RGBA", (1, 1), background), colors.convert("RGBa").split()
    levels = [band.getpixel((0, 0)) for band in plain.convert("RGBa").split()]
    difference = Image.new("L", image.size)
    for band, level in zip(seen, levels, strict=True):
        distance = ImageChops.difference(band, Image.new("L", image.size, level))
        difference = ImageChops.lighter(difference, distance)
    box = difference.point(lambda value: 255 if value > parameters.threshold else 0).getbbox()
    left, top, right, bottom = box or (0, 0, *image.size)
    return Crop(left=left, top=top, width=right - left, height=bottom - top)
