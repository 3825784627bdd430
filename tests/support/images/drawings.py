"""Images for tests, made in code and always the same;
see tests.support.images.samples and tests.support.images.hostile for files of every kind.

`scene()` is a photograph-like image whose four corners differ in color, so that its orientation can be checked.
`photograph()` is the file of it that a camera would write, `encoded()` the file of any image in any format.
"""

from functools import cache
from io import BytesIO
from random import Random
from typing import Any, Final

import pillow_heif
from PIL import ExifTags, Image, ImageChops, ImageDraw, ImageFilter

CORNERS: Final = {  # by where they are, as shares of width and height
    (0.05, 0.05): (220, 40, 40),
    (0.95, 0.05): (40, 180, 60),
    (0.05, 0.95): (40, 60, 210),
    (0.95, 0.95): (235, 215, 60),
}
_UNDO: Final = {  # how to store an upright image so that the EXIF orientation turns it upright again
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@cache
def scene(width: int = 640, height: int = 480) -> Image.Image:
    """An RGB image: gradients, texture, edges and corners of red, green, blue and yellow. Not to be changed."""
    texture = Image.frombytes("L", (128, 128), Random(7).randbytes(128 * 128)).filter(
        ImageFilter.GaussianBlur(1)
    )
    texture = texture.resize((width, height), Image.Resampling.BICUBIC)
    ramp = Image.linear_gradient("L").resize((width, height))
    glow = ImageChops.invert(Image.radial_gradient("L")).resize((width, height))
    image = Image.merge(
        "RGB", [Image.blend(base, texture, 0.35) for base in (ramp, glow, ImageChops.invert(ramp))]
    )
    pen = ImageDraw.Draw(image)
    pen.ellipse(
        (width * 0.55, height * 0.3, width * 0.75, height * 0.6), fill=(250, 250, 245), outline=(20, 20, 25)
    )
    pen.polygon(
        [(width * x, height * y) for x, y in ((0.2, 0.7), (0.4, 0.25), (0.5, 0.75))], fill=(30, 45, 50)
    )
    for (across, down), color in CORNERS.items():
        left, top = round(width * across), round(height * down)
        pen.rectangle(
            (left - width // 10, top - height // 10, left + width // 10, top + height // 10), fill=color
        )
    return image


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The file of an image, in any format and with any option that Pillow writes."""
    if kind == "HEIF":
        pillow_heif.register_heif_opener()
        if isinstance(options.get("exif"), Image.Exif):
            options["exif"] = options["exif"].tobytes()  # as bytes its orientation becomes the box that turns
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def photograph(width: int = 640, height: int = 480, *, orientation: int = 1, gps: bool = True) -> bytes:
    """A JPEG with EXIF as a phone writes it: stored turned by `orientation`, upright `width` x `height` pixels."""
    return encoded(
        laid(scene(width, height), orientation), "JPEG", quality=90, exif=exif(orientation, gps=gps)
    )


def laid(image: Image.Image, orientation: int) -> Image.Image:
    """An upright image as a camera held that way would store it."""
    return image.transpose(_UNDO[orientation]) if orientation in _UNDO else image


def exif(orientation: int, *, gps: bool = True) -> Image.Exif:
    """EXIF of a phone: its make, the orientation and, unless told otherwise, a place on the earth."""
    tags = Image.Exif()
    tags[ExifTags.Base.Make] = "Lochkamera"
    tags[ExifTags.Base.Orientation] = orientation
    if gps:
        tags.get_ifd(ExifTags.IFD.GPSInfo).update(
            {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)}
        )
    return tags


def with_hole(image: Image.Image) -> Image.Image:
    """The image as RGBA with a soft hole in its middle; what is transparent is black, as most programs leave it."""
    mask = Image.new("L", image.size, 255)
    box = [round(side * share) for share, side in zip((0.4, 0.4, 0.6, 0.6), image.size * 2, strict=True)]
    ImageDraw.Draw(mask).ellipse(box, fill=0)
    mask = mask.filter(ImageFilter.GaussianBlur(2))
    result = image.copy()
    result.paste((0, 0, 0), mask=mask.point(lambda value: 255 if value == 0 else 0))
    result.putalpha(mask)
    return result
