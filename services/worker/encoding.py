"""Turns a developed picture into the bytes of a file: small, progressive where that exists, and without metadata."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from types import MappingProxyType
from typing import Any, Final

from PIL import Image

from common.errors import InvalidRecipeError
from common.recipes import Format

_FINE_QUALITY: Final = 90  # from here on colour keeps its full resolution, as with libvips
_AVIF_SPEED: Final = 8  # 0 is slowest, 10 fastest


@dataclass(frozen=True, slots=True)
class Encoding:
    """How files of one format are named and made; `max_side` is what the format itself can hold, in pixels."""

    extension: str
    media_type: str
    max_side: int
    alpha: bool
    quality: int | None  # when the recipe names none; None where the format knows no quality
    options: Callable[[int], dict[str, Any]]


def encode(image: Image.Image, kind: Format, quality: int) -> bytes:
    """The file, of 1 to 100 `quality`. Raises InvalidRecipeError if the format cannot hold a picture of this size."""
    encoding = ENCODINGS[kind]
    if max(image.size) > encoding.max_side:
        raise InvalidRecipeError(
            f"{kind} holds at most {encoding.max_side} pixels a side, not {image.width} x {image.height}"
        )
    picture = image if encoding.alpha or image.mode != "RGBA" else flattened(image)
    file = BytesIO()
    picture.save(file, kind, **encoding.options(quality))
    return file.getvalue()


def flattened(image: Image.Image, background: str = "white") -> Image.Image:
    """An RGBA picture laid on a ground of one colour."""
    ground = Image.new("RGB", image.size, background)
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _jpeg(quality: int) -> dict[str, Any]:
    subsampling = "4:4:4" if quality >= _FINE_QUALITY else "4:2:0"
    return {"quality": quality, "progressive": True, "optimize": True, "subsampling": subsampling}


def _plain(_quality: int) -> dict[str, Any]:
    return {}


def _webp(quality: int) -> dict[str, Any]:
    return {"quality": quality, "method": 4}


def _avif(quality: int) -> dict[str, Any]:
    # One thread, as the worker has as many jobs at once as it has processors.
    return {"quality": quality, "speed": _AVIF_SPEED, "max_threads": 1}


ENCODINGS: Final[Mapping[Format, Encoding]] = MappingProxyType(
    {
        "jpeg": Encoding("jpg", "image/jpeg", 65500, alpha=False, quality=82, options=_jpeg),
        "png": Encoding("png", "image/png", 65535, alpha=True, quality=None, options=_plain),
        "webp": Encoding("webp", "image/webp", 16383, alpha=True, quality=82, options=_webp),
        "avif": Encoding("avif", "image/avif", 65535, alpha=True, quality=60, options=_avif),
        "gif": Encoding("gif", "image/gif", 65535, alpha=True, quality=None, options=_plain),
    }
)
