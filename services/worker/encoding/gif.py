"""What GIF asks of a picture: 256 colors, one of them for what is transparent, and time in hundredths of a second."""

from typing import Any, Final

from PIL import Image

from services.worker.encoding.frames import FOREVER, MAX_PLAYS, FrameSequence, to_hundredths

_COLORS: Final = 256
_TRANSPARENT: Final = 255  # the index, in every frame: encoders compare frames by it
_OPAQUE: Final = 128  # alpha from which a pixel shows
_CLEAR: Final = 2  # the disposal that empties a frame's place before the next is drawn


def quantize(image: Image.Image) -> Image.Image:
    """The picture in a palette of its own, dithered; alpha becomes all or nothing."""
    if image.mode != "RGBA":
        return image.quantize(_COLORS, Image.Quantize.MEDIANCUT)
    result = image.convert("RGB").quantize(_COLORS - 1, Image.Quantize.MEDIANCUT)
    result.putpalette(bytes(result.getpalette() or ()).ljust(3 * _COLORS, b"\0"))
    hidden = image.getchannel("A").point(lambda value: 0 if value >= _OPAQUE else 255)
    result.paste(_TRANSPARENT, mask=hidden)
    result.info["transparency"] = _TRANSPARENT
    return result


def strip(reel: FrameSequence) -> tuple[Image.Image, dict[str, Any]]:
    """The first frame with the options that make Pillow write the others after it: one byte a pixel is in memory."""
    shots = [(quantize(shot.image), shot.duration) for shot in to_hundredths(reel)]
    frames = [frame for frame, _ in shots]
    options: dict[str, Any] = {
        "save_all": True,
        "append_images": frames[1:],
        "duration": [duration for _, duration in shots],
    }
    if any("transparency" in frame.info for frame in frames):
        options["disposal"] = _CLEAR
    if reel.plays != 1:  # a GIF says how often it is repeated, and nothing if it is not
        options["loop"] = FOREVER if reel.plays == FOREVER else min(reel.plays, MAX_PLAYS) - 1
    return frames[0], options
