"""The frames of an animation on their way into a file: one after the other, as few of them in memory as can be."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from PIL import Image

FOREVER: Final = 0
_KEPT_PIXELS: Final = 16_000_000  # 64 MiB: animations of no more are rendered once for all their files
MAX_PLAYS: Final = 65_535  # what WebP and GIF can say; an APNG may ask for more
_LONGEST: Final = 655_350  # milliseconds: 16 bits of hundredths
_LONGEST_WEBP: Final = 2**24 - 1  # milliseconds
_LONGEST_ANIMATION: Final = 2**31 - 1  # milliseconds: libwebp adds them up in 32 bits


class Frame(NamedTuple):
    """A finished frame, and how many milliseconds it is shown."""

    image: Image.Image
    duration: int


class FrameSequence:
    """The finished frames, `count` of them, played `plays` times (0: for ever). May be run through again and again.

    `render` makes them anew for every run, unless they are so small that they were kept.
    """

    def __init__(self, render: Callable[[], Iterator[Frame]], *, count: int, plays: int) -> None:
        self._render = render
        self._kept: list[Frame] | None = None
        self.count = count
        self.plays = plays

    def __iter__(self) -> Iterator[Frame]:
        if self._kept is not None:
            yield from self._kept
            return
        kept: list[Frame] = []
        for shot in self._render():
            if self.count * shot.image.width * shot.image.height <= _KEPT_PIXELS:
                kept.append(shot)
            yield shot
        self._kept = kept or None


def to_hundredths(shots: Iterable[Frame]) -> Iterator[Frame]:
    """Durations in the hundredths of a second that a GIF knows, rounded so that no rounding adds up."""
    shown = written = 0
    for shot in shots:
        shown += shot.duration
        rounded = min(_LONGEST, round((shown - written) / 10) * 10)
        written += rounded
        yield Frame(shot.image, rounded)


class LazyAnimation(Image.Image):
    """A reel as Pillow's encoders read an animation, frame by frame: `durations` grows as they do.

    They make a list of frames that are handed to them, all in memory; what they seek in, they take one by one. Only
    forwards, and back to the first.
    """

    def __init__(
        self, shots: Iterator[Frame], count: int, shown: Callable[[Image.Image], Image.Image]
    ) -> None:
        super().__init__()
        self._shots, self._shown = shots, shown
        self.n_frames = count
        self.is_animated = True
        self.durations: list[int] = []
        self._first = self._next()
        self._show(self._first)
        self._place = 0

    def seek(self, frame: int) -> None:
        """Show this frame. Raises EOFError past the last."""
        if frame == self._place:
            return
        if frame == 0:
            self._show(self._first)
        elif frame == len(self.durations) and frame < self.n_frames:
            self._show(self._next())
        else:
            raise EOFError("a film runs forwards only")
        self._place = frame

    def tell(self) -> int:
        """The number of the frame that is shown."""
        return self._place

    def _next(self) -> Image.Image:
        shot = next(self._shots, None)
        if shot is None:
            raise EOFError("the film has ended")
        longest = min(_LONGEST_WEBP, _LONGEST_ANIMATION // self.n_frames)
        self.durations.append(min(shot.duration, longest))
        return self._shown(shot.image)

    def _show(self, frame: Image.Image) -> None:
        self.im, self._mode, self._size = frame.im, frame.mode, frame.size
        self.palette = frame.palette
        self.info = frame.info
