"""Turns finished images into the bytes of files: small, progressive where that exists, and without metadata.

One function a format, registered under its name in `common.formats.format_specs`, which holds all that is not encoding.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from PIL import Image

from common.errors import InvalidRecipeError
from common.formats.format_specs import Format, find_format
from services.worker.analysis.classification import is_photograph
from services.worker.decoding.icc_profile import rebuild_rgb_profile
from services.worker.decoding.metadata import Attribution
from services.worker.encoding import gif
from services.worker.encoding.frames import MAX_LOOP_COUNT, FrameSequence, LazyAnimation

_FINE_QUALITY: Final = 90  # from here on color keeps its full resolution, as with libvips
_LARGE_PIXELS: Final = 512 * 512
_AVIF_SPEED: Final = 8  # 0 is slowest, 10 fastest


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeOptions:
    """Says how a file is encoded; a format without a quality (then 0) or a lossless form ignores it."""

    quality: int = 0
    lossless: bool = False
    attribution: Attribution | None = None
    profile: bytes | None = None


Source = Image.Image | FrameSequence
Encoder = Callable[[Source, EncodeOptions], bytes]

ENCODERS: Final[dict[str, Encoder]] = {}


def encodes(name: str) -> Callable[[Encoder], Encoder]:
    """Register a function as the encoder of the format with this name.

    It is given an image, or the frames of an animation if the format's row says `output_animation`.
    """

    def register(encoder: Encoder) -> Encoder:
        ENCODERS[name] = encoder
        return encoder

    return register


def encode(source: Source, name: Format, options: EncodeOptions) -> bytes:
    """Return the file of an image, or of an animation in a format that holds one.

    Raises InvalidRecipeError if the format cannot hold one of this size, and what making the frames raises.
    """
    if isinstance(source, Image.Image):
        check_size(source, name)
        if source.mode == "RGBA" and not find_format(name).alpha:
            source = flatten_onto_white(source)
    return ENCODERS[name](source, options)


def check_size(image: Image.Image, name: Format) -> None:
    """Raise InvalidRecipeError if the format cannot hold an image of this size."""
    most = find_format(name).max_side
    if max(image.size) > most:
        raise InvalidRecipeError(
            f"{name} holds at most {most} pixels a side, not {image.width} x {image.height}"
        )


def flatten_onto_white(image: Image.Image, background: str = "white") -> Image.Image:
    """Return an RGBA image laid on a background of one color."""
    canvas = Image.new("RGB", image.size, background)
    canvas.paste(image, mask=image.getchannel("A"))
    return canvas


def _subsampling(quality: int) -> str:
    return "4:4:4" if quality >= _FINE_QUALITY else "4:2:0"


@encodes("jpeg")
def _encode_jpeg(source: Source, options: EncodeOptions) -> bytes:
    settings: dict[str, Any] = {"quality": options.quality, "subsampling": _subsampling(options.quality)}
    try:
        return _save(source, "jpeg", options, progressive=True, optimize=True, **settings)
    except OSError:
        # libjpeg cannot pause in a progressive file, and the buffer that Pillow gives it is too small for one that is
        # all fine grain at a high quality.
        return _save(source, "jpeg", options, **settings)


@encodes("png")
def _encode_png(source: Source, options: EncodeOptions) -> bytes:
    """Choose zlib's strategy: in photographs it finds nothing that repeats but what stands side by side.

    Of 800 x 600 pixels the file is 5 % smaller without, and made in a quarter of the time; a small one takes no time.
    """
    if (
        isinstance(source, Image.Image)
        and source.width * source.height >= _LARGE_PIXELS
        and is_photograph(source)
    ):
        return _save(source, "png", options, compress_type=zlib.Z_RLE)
    return _save(source, "png", options)


@encodes("webp")
def _encode_webp(source: Source, options: EncodeOptions) -> bytes:
    if options.lossless:
        # Here quality is effort; `exact` would keep colors that nobody sees.
        return _save(source, "webp", options, lossless=True, quality=50, method=4)
    return _save(source, "webp", options, quality=options.quality, method=4)


@encodes("avif")
def _encode_avif(source: Source, options: EncodeOptions) -> bytes:
    # One thread, as the worker has as many jobs at once as it has processors.
    settings: dict[str, Any] = {
        "quality": options.quality,
        "subsampling": _subsampling(options.quality),
        "speed": _AVIF_SPEED,
        "max_threads": 1,
    }
    # AVIF must know from the first frame whether there is an alpha in any.
    return _save(source, "avif", options, frame_mode="RGBA", **settings)


@encodes("gif")
def _encode_gif(source: Source, options: EncodeOptions) -> bytes:
    """Write a GIF, which has no EXIF and no profile, but a comment."""
    comment = {"comment": options.attribution.line().encode()} if options.attribution else {}
    if isinstance(source, Image.Image):
        return _written(gif.quantize(source), "gif", comment)
    image, timing = gif.prepare_animation(source)
    return _written(image, "gif", comment | timing)


def _save(
    source: Source, name: Format, options: EncodeOptions, *, frame_mode: str | None = None, **settings: Any
) -> bytes:
    """Write a file with what is kept of the original's metadata; frames are converted to `frame_mode`."""
    if options.attribution:
        settings["exif"] = options.attribution.exif()
    if options.profile:
        # Never the original's bytes: they hold more than colors.
        settings["icc_profile"] = rebuild_rgb_profile(options.profile)
    if isinstance(source, Image.Image):
        return _written(source, name, settings)
    animation = LazyAnimation(
        iter(source), source.count, lambda image: image.convert(frame_mode) if frame_mode else image
    )
    check_size(animation, name)
    settings |= {
        "save_all": True,
        "duration": animation.durations,
        "loop": min(source.loop_count, MAX_LOOP_COUNT),
    }
    return _written(animation, name, settings)


def _written(image: Image.Image, name: Format, settings: dict[str, Any]) -> bytes:
    file = BytesIO()
    image.save(file, name, **settings)
    return file.getvalue()
