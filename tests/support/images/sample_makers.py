"""Makers of the files in tests.support.images.samples: what is stored,
and computed without Pillow's help, what it must show.
"""

import struct
from dataclasses import dataclass
from functools import cache
from typing import Any

from PIL import Image, ImageChops, ImageCms, PngImagePlugin

from tests.support.images import icc
from tests.support.images.drawings import (
    encoded,
    exif,
    laid,
    photograph,
    scene,
    with_hole,
)
from tests.support.images.hostile import chunk, png


@dataclass(frozen=True)
class Sample:
    """A file, and what it shows in full size, upright and in sRGB (RGB, or RGBA if it has any transparency).

    `likeness` is the structural similarity, `tolerance` the difference of a color, that a faithful copy keeps to.
    """

    data: bytes
    expected: Image.Image
    likeness: float = 0.97
    tolerance: int = 12


def plain(kind: str, **options: Any) -> Sample:
    return Sample(encoded(scene(), kind, **options), scene())


def turned(orientation: int, width: int = 640, height: int = 480) -> Sample:
    return Sample(photograph(width, height, orientation=orientation), scene(width, height))


def turned_file(kind: str, orientation: int) -> Sample:
    """As `turned`, in a format other than JPEG."""
    return Sample(encoded(laid(scene(), orientation), kind, exif=exif(orientation)), scene())


def stored_as(mode: str, kind: str, **options: Any) -> Sample:
    """Stored in another mode, which shows the same."""
    stored = scene().convert(mode)
    return Sample(encoded(stored, kind, **options), stored.convert("RGB"))


def transparent(kind: str, mode: str = "RGBA", **options: Any) -> Sample:
    image = with_hole(scene()).convert(mode)
    return Sample(encoded(image, kind, **options), image.convert("RGBA"))


def animated(kind: str) -> Sample:
    later = [ImageChops.invert(scene()), ImageChops.offset(scene(), 40)]
    options = {"save_all": True, "append_images": later, "duration": 80, "loop": 0}
    return Sample(encoded(scene(), kind, **options), scene(), likeness=0.9, tolerance=40)


def cmyk_profiled() -> Sample:
    """Cyan and magenta change places, and the profile says so: without it, red would come out as blue-green."""
    cyan, magenta, yellow, black = scene().convert("CMYK").split()
    stored = Image.merge("CMYK", (magenta, cyan, yellow, black))
    data = encoded(stored, "JPEG", quality=95, icc_profile=icc.cmyk_profile("MCY"))
    return Sample(data, scene(), likeness=0.8, tolerance=70)  # mixed in Lab, as the profile says, not in sRGB


def wide_gamut() -> Sample:
    data = encoded(scene(), "JPEG", quality=95, icc_profile=icc.rgb_profile())
    return Sample(data, _p3_to_srgb())


def gray_profiled() -> Sample:
    stored = scene().convert("L")
    data = encoded(stored, "JPEG", quality=95, icc_profile=icc.gray_profile(1.0))
    table = [round(255 * _srgb(value / 255)) for value in range(256)]
    return Sample(data, stored.point(table).convert("RGB"))


@cache
def _p3_to_srgb() -> Image.Image:
    """The scene's numbers read as Display P3, by the textbook: gamma, matrix of primaries, sRGB."""
    rows = ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979))
    light = [(value / 255) ** 2.2 for value in range(256)]
    curve = [round(255 * _srgb(value / 4095)) for value in range(4096)]
    pixels = bytearray()
    for r, g, b in scene().get_flattened_data():  # type: ignore[misc]  # RGB: three numbers
        for row in rows:
            value = row[0] * light[r] + row[1] * light[g] + row[2] * light[b]
            pixels.append(curve[min(4095, max(0, round(value * 4095)))])
    return Image.frombytes("RGB", scene().size, bytes(pixels))


def _srgb(light: float) -> float:
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def deep(channels: int, kind: str = "PNG") -> Sample:
    """16 bits a channel, each the scene's 8 bits twice over: 0xABAB shows as 0xAB."""
    shown = scene() if channels == 3 else scene().convert("L")
    values, stride = shown.tobytes(), shown.width * channels
    if kind == "TIFF":
        raw = b"".join(struct.pack("<H", value * 257) for value in values)
        stored = Image.frombytes("I;16", shown.size, raw)
        return Sample(encoded(stored, kind), shown.convert("RGB"))
    doubled = bytes(value for value in values for _ in range(2))
    rows = b"".join(b"\0" + doubled[at : at + 2 * stride] for at in range(0, len(doubled), 2 * stride))
    return Sample(png(shown.size, depth=16, color=2 if channels == 3 else 0, rows=rows), shown.convert("RGB"))


def color_key() -> Sample:
    """A PNG in which one color, that of the red corner, stands for transparency."""
    red = (220, 40, 40)
    shown = scene().convert("RGBA")
    away = ImageChops.difference(scene(), Image.new("RGB", scene().size, red))
    furthest = ImageChops.lighter(
        ImageChops.lighter(away.getchannel("R"), away.getchannel("G")), away.getchannel("B")
    )
    shown.putalpha(furthest.point(lambda value: 255 if value else 0))
    return Sample(encoded(scene(), "PNG", transparency=red), shown)


def annotated_png() -> Sample:
    """A PNG with text, a resolution and an EXIF that turns it."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "taken at home")
    text.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>")
    stored = laid(scene(), 6)
    return Sample(encoded(stored, "PNG", pnginfo=text, dpi=(300, 300), exif=exif(6)), scene())


def late_exif() -> Sample:
    """A PNG whose EXIF comes after its pixels, as the format allows."""
    block = exif(6).tobytes().removeprefix(b"Exif\0\0")
    data, end = encoded(laid(scene(), 6), "PNG"), chunk(b"IEND", b"")
    return Sample(data.removesuffix(end) + chunk(b"eXIf", block) + end, scene())


def flat(size: tuple[int, int], kind: str = "PNG") -> Sample:
    image = Image.new("RGB", size, (220, 40, 40))
    return Sample(encoded(image, kind), image)


def srgb_profile() -> bytes:
    """The profile most cameras embed: it changes nothing."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def annotated_jpeg() -> Sample:
    """A JPEG with all that may stand in one: a comment, XMP, a resolution."""
    options = {"comment": b"taken at home", "xmp": b"<x:xmpmeta/>", "dpi": (300, 300)}
    return plain("JPEG", quality=90, exif=exif(1), **options)


def fractions_tiff() -> Sample:
    """A TIFF of floating-point light between 0 and 1."""
    shown = scene().convert("L")
    return Sample(
        encoded(shown.convert("F").point(lambda value: value * (1 / 255) + 0), "TIFF"), shown.convert("RGB")
    )


def black_and_white() -> Sample:
    """One bit a pixel, dithered: only what is left of it at a distance can be compared."""
    stored = scene().convert("1")
    return Sample(encoded(stored, "PNG"), stored.convert("RGB"), likeness=0.95)


def keyed_palette(kind: str) -> Sample:
    """A palette whose entry of the red corner is transparent."""
    stored = scene().quantize(64)
    index = stored.tobytes()[24 * stored.width + 32]
    shown = stored.convert("RGBA")
    shown.putalpha(stored.copy().point(lambda value: 0 if value == index else 255, "L"))
    return Sample(encoded(stored, kind, transparency=index), shown, likeness=0.93)
