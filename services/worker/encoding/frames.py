"""Passes the frames of an animation to an encoder one by one, with as few of them in memory as possible."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from PIL import Image

FOREVER: Final = 0
_MAX_CACHED_PIXELS: Final = 16_000_000  # 64 MiB: animations of no more are rendered once for all their files
MAX_LOOP_COUNT: Final = 65_535  # what WebP and GIF can say; an APNG may ask for more
_LONGEST: Final = 655_350  # milliseconds: 16 bits of hundredths
_LONGEST_WEBP: Final = 2**24 - 1  # milliseconds
_LONGEST_ANIMATION: Final = 2**31 - 1  # milliseconds: libwebp adds them up in 32 bits


class Frame(NamedTuple):
    """Holds a finished frame, and for how many milliseconds it is shown."""

    image: Image.Image
    duration: int


class FrameSequence:
    """Iterates over the `count` finished frames of an animation that plays `loop_count` times (0: forever).

    May be iterated repeatedly: `render` renders the frames again each time, unless they are small enough to be cached.
    """

    def __init__(self, render: Callable[[], Iterator[Frame]], *, count: int, loop_count: int) -> None:
        self._render = render
        self._cached: list[Frame] | None = None
        self.count = count
        self.loop_count = loop_count

    def __iter__(self) -> Iterator[Frame]:
        if self._cached is not None:
            yield from self._cached
            return
        cached: list[Frame] = []
        for frame in self._render():
            if self.count * frame.image.width * frame.image.height <= _MAX_CACHED_PIXELS:
                cached.append(frame)
            yield frame
        self._cached = cached or None


def to_hundredths(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Yield the frames with durations rounded to a GIF's hundredths of a second, so that no rounding adds up."""
    shown = written = 0
    for frame in frames:
        shown += frame.duration
        rounded = min(_LONGEST, round((shown - written) / 10) * 10)
        written += rounded
        yield Frame(frame.image, rounded)


class LazyAnimation(Image.Image):
    """Presents frames as Pillow's encoders read an animation, frame by frame: `durations` grows as they do.

    Encoders read a list of frames into memory whole, but an image that can seek frame by frame. It seeks forwards
    only, and back to the first. Each frame goes through `convert`.
    """

    def __init__(
        self, frames: Iterator[Frame], count: int, convert: Callable[[Image.Image], Image.Image]
    ) -> None:
        super().__init__()
        self._frames, self._convert = frames, convert
        self.n_frames = count
        self.is_animated = True
        self.durations: list[int] = []
        self._first = self._next()
        self._show(self._first)
        self._position = 0

    def seek(self, frame: int) -> None:
        """Show this frame. Raises EOFError past the last."""
        if frame == self._position:
            return
        if frame == 0:
            self._show(self._first)
        elif frame == len(self.durations) and frame < self.n_frames:
            self._show(self._next())
        else:
            raise EOFError("frames are read forwards only")
        self._position = frame

    def tell(self) -> int:
        """Return the number of the frame that is shown."""
        return self._position

    def _next(self) -> Image.Image:
        frame = next(self._frames, None)
        if frame is None:
            raise EOFError("there is no further frame")
        longest = min(_LONGEST_WEBP, _LONGEST_ANIMATION // self.n_frames)
        self.durations.append(min(frame.duration, longest))
        return self._convert(frame.image)

    def _show(self, frame: Image.Image) -> None:
        self.im, self._mode, self._size = frame.im, frame.mode, frame.size
        self.palette = frame.palette
        self.info = frame.info
