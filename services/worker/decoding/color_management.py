"""Converts an image's colors, however they are stored, to RGB or RGBA of 8 bits a channel in sRGB."""

from enum import StrEnum
from io import BytesIO
from typing import Final

from PIL import Image, ImageChops, ImageCms

from services.worker.decoding.icc_profile import rebuild_rgb_profile
from services.worker.decoding.pillow_plugins import MAX_PROFILE_BYTES

_COLOR_SPACES: Final = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}
_WITH_ALPHA: Final = {
    "P": "RGBA",
    "1": "LA",
    "L": "LA",
    "RGB": "RGBA",
    "PA": "RGBA",
    "La": "LA",
    "RGBa": "RGBA",
}
_WITHOUT_ALPHA: Final = {"P": "RGB", "1": "L", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB"}


def expand_palette(image: Image.Image) -> Image.Image:
    """Return the image as L, LA, RGB, RGBA or CMYK: forms whose pixels can be averaged."""
    if image.mode.startswith(("I", "F")):
        gray, transparent = _eight_bits(image), image.info.get("transparency")
        if isinstance(transparent, int) and image.mode.startswith("I;16"):
            gray.putalpha(_hide(image, transparent))
        return gray
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return _applied(ImageCms.buildTransform(lab, srgb, "LAB", "RGB"), image)
    table = _WITH_ALPHA if image.has_transparency_data else _WITHOUT_ALPHA
    mode = table.get(image.mode, image.mode)
    return image if mode == image.mode else image.convert(mode)


class Conversion(StrEnum):
    """Says what became of the profile embedded in an image."""

    NONE = "none"  # there was none: the image is taken as sRGB
    SRGB = "srgb"  # it describes sRGB, and changes nothing
    CONVERTED = "converted"
    IGNORED = "ignored"  # broken, oversized, or made for another color space


def to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, Conversion]:
    """Return an unpacked image as RGB or RGBA in sRGB, and what became of its profile; useless alpha goes."""
    alpha = image.getchannel("A") if image.mode in {"LA", "RGBA"} else None
    colors = image if alpha is None else image.convert(image.mode[:-1])
    colors, conversion = _by_profile(colors, profile) if profile else (colors, Conversion.NONE)
    result = colors if colors.mode == "RGB" else colors.convert("RGB")
    if alpha is not None and alpha.getextrema() != (255, 255):
        result.putalpha(alpha)
    return result, conversion


def is_rgb(image: Image.Image, profile: bytes | None) -> bool:
    """Return whether the profile describes the colors of an unpacked image in RGB, and can be made anew."""
    return profile is not None and image.mode in {"RGB", "RGBA"} and rebuild_rgb_profile(profile) is not None


def _by_profile(image: Image.Image, profile: bytes) -> tuple[Image.Image, Conversion]:
    if len(profile) > MAX_PROFILE_BYTES:
        return image, Conversion.IGNORED
    try:
        return _converted(image, ImageCms.ImageCmsProfile(BytesIO(profile)))
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return image, Conversion.IGNORED


def _converted(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> tuple[Image.Image, Conversion]:
    space = profile.profile.xcolor_space.strip()
    if space == "RGB" and image.mode == "L":
        image = image.convert("RGB")
    if space != _COLOR_SPACES[image.mode]:
        return image, Conversion.IGNORED
    srgb = ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(profile, srgb, image.mode, "RGB")
    if image.mode == "RGB" and _changes_nothing(transform):
        return image, Conversion.SRGB
    return _applied(transform, image), Conversion.CONVERTED


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Return whether the profile is sRGB under another name: most are, and converting costs more than decoding."""
    ramps = [Image.linear_gradient("L"), Image.linear_gradient("L").rotate(90), Image.radial_gradient("L")]
    probe = Image.merge("RGB", [ramp.resize((32, 32)) for ramp in ramps])
    difference = ImageChops.difference(probe, _applied(transform, probe))
    return all(high <= 1 for _, high in difference.getextrema())  # type: ignore[misc]  # RGB: three pairs


def _applied(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    result = ImageCms.applyTransform(image, transform)
    if result is None:
        raise ValueError("only a conversion in place returns nothing")
    return result


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale integers and floating point to 8 bits; Pillow's own conversion would cut all above 255 off."""
    white = 65535.0 if image.mode.startswith("I;16") else _white(image)
    if image.mode not in {"I;16", "I", "F"}:
        image = image.convert("I")  # 16 bits in another order of bytes
    rounding = 0.0 if image.mode == "F" else 0.5
    return image.point(lambda value: value * (255 / white) + rounding).convert("L")


def _hide(image: Image.Image, transparent: int) -> Image.Image:
    """Return an alpha channel that hides the pixels of this one value, of 16 bits."""
    return image.convert("I").point([0 if value == transparent else 255 for value in range(65536)], "L")


def _white(image: Image.Image) -> float:
    """Return the value of white in an image that does not say: the end of the smallest usual range that holds all."""
    brightest = image.getextrema()[1]
    ranges = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0, 2.0**31 - 1)
    return next((end for end in ranges if brightest <= end), ranges[-1])  # type: ignore[operator]  # one channel
