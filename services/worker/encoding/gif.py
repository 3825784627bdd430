"""Prepares images for GIF: 256 colors, one of them transparent, and durations in hundredths of a second."""

from typing import Any, Final

from PIL import Image

from services.worker.encoding.frames import FOREVER, MAX_LOOP_COUNT, FrameSequence, to_hundredths

_COLORS: Final = 256
_TRANSPARENT: Final = 255  # the index, in every frame: encoders compare frames by it
_OPAQUE: Final = 128  # alpha from which a pixel shows
_CLEAR: Final = 2  # the disposal that empties a frame's place before the next is drawn


def quantize(image: Image.Image) -> Image.Image:
    """Return the image in a palette of its own, dithered; alpha becomes all or nothing."""
    if image.mode != "RGBA":
        return image.quantize(_COLORS, Image.Quantize.MEDIANCUT)
    result = image.convert("RGB").quantize(_COLORS - 1, Image.Quantize.MEDIANCUT)
    result.putpalette(bytes(result.getpalette() or ()).ljust(3 * _COLORS, b"\0"))
    hidden = image.getchannel("A").point(lambda value: 0 if value >= _OPAQUE else 255)
    result.paste(_TRANSPARENT, mask=hidden)
    result.info["transparency"] = _TRANSPARENT
    return result


def prepare_animation(sequence: FrameSequence) -> tuple[Image.Image, dict[str, Any]]:
    """Return the first frame, and the options that make Pillow write all; one byte a pixel is in memory."""
    timed = [(quantize(frame.image), frame.duration) for frame in to_hundredths(sequence)]
    frames = [image for image, _ in timed]
    options: dict[str, Any] = {
        "save_all": True,
        "append_images": frames[1:],
        "duration": [duration for _, duration in timed],
    }
    if any("transparency" in frame.info for frame in frames):
        options["disposal"] = _CLEAR
    if sequence.loop_count != 1:  # a GIF says how often it is repeated, and nothing if it is not
        options["loop"] = (
            FOREVER if sequence.loop_count == FOREVER else min(sequence.loop_count, MAX_LOOP_COUNT) - 1
        )
    return frames[0], options
