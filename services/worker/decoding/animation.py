"""Durations, loops and the first frame of an animation, which every format says in its own way."""

from PIL import Image

from services.worker.encoding.frames import FOREVER


def duration_of(image: Image.Image) -> int:
    """Return how long the loaded frame is shown, in milliseconds."""
    value = image.info.get("duration", 0)
    return max(0, round(value)) if isinstance(value, int | float) else 0


def loop_count_of(image: Image.Image) -> int:
    """Return how often the animation plays, or FOREVER. A GIF says how often it is repeated; AVIF is not asked."""
    loop = image.info.get("loop")
    if image.format == "GIF":
        return 1 if loop is None else loop + 1 if loop else FOREVER
    return loop if isinstance(loop, int) else FOREVER


def first_frame_start_of(image: Image.Image) -> int:
    """Return the number of the frame the animation begins with: an APNG may have a still image before it."""
    return 1 if image.info.get("default_image") else 0
