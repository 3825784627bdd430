"""An image that another process decodes, as the pipeline sees it: like one decoded here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from common.inspection.limits import ImageLimits
from common.model.reports import SourceReport
from services.worker.decoding.metadata import Attribution
from services.worker.decoding.source_image import DecodedFrame
from services.worker.imaging.geometry import Size
from services.worker.sandbox.channel import ChannelError, close_all
from services.worker.sandbox.messages import (
    Decode,
    Decoded,
    FrameInfo,
    FrameRead,
    FramesEnded,
    Open,
    Opened,
    ReadFrame,
    Response,
)
from services.worker.sandbox.shared_frame import map_frame

Ask = Callable[[msgspec.Struct, tuple[int, ...]], tuple[Response, tuple[int, ...]]]
"""(request, descriptors) -> the response and its descriptors. ChannelError in a caller ends the process."""


@dataclass(frozen=True, kw_only=True)
class RemoteSource:
    """An opened image: `size` is upright."""

    size: Size
    animated: bool
    _ask: Ask
    _limits: ImageLimits

    @classmethod
    def open(cls, ask: Ask, file: int, limits: ImageLimits) -> "RemoteSource":
        """Have the header of the image in `file` read. Raises what `ask` raises; ChannelError for a wrong answer."""
        response, files = ask(Open(limits), (file,))
        close_all(files)
        if not isinstance(response, Opened):
            raise ChannelError("an image was not opened")
        return cls(size=response.size, animated=response.animated, _ask=ask, _limits=limits)

    def decode(self, *, scale: float, keep_profile: bool) -> "DecodedRemotely":
        """Have it decoded at no less than `scale` of its size. Raises what `open` raises."""
        response, files = self._ask(Decode(scale, keep_profile), ())
        if not isinstance(response, Decoded):
            close_all(files)
            raise ChannelError("an image was not decoded")
        described = (response.first, response.unconverted)
        frames = _map_all(tuple(info for info in described if info is not None), files, self._limits)
        return DecodedRemotely(response, frames, self._ask, self._limits)


class DecodedRemotely:
    """A decoded image; the later frames of an animation are asked for one by one."""

    def __init__(
        self, decoded: Decoded, frames: tuple[DecodedFrame, ...], ask: Ask, limits: ImageLimits
    ) -> None:
        self.source: SourceReport = decoded.source
        self.credits = Attribution(decoded.artist, decoded.copyright)
        self.count = decoded.frames
        self.plays = decoded.plays
        self.first, self._unconverted = frames[0], frames[-1]
        self._ask = ask
        self._limits = limits

    def still(self, *, keep_profile: bool = False) -> DecodedFrame:
        """The first frame, in its own colors if they were kept and are RGB, else in sRGB."""
        return self._unconverted if keep_profile else self.first

    def moving(self, *, keep_profile: bool = False) -> Iterator[DecodedFrame]:
        """Every frame of an animation in turn; only one is in memory at a time."""
        for number in range(self.count):
            response, files = self._ask(ReadFrame(restart=number == 0, keep_profile=keep_profile), ())
            if isinstance(response, FrameRead) and response.frame is not None:
                yield _map_all((response.frame,), files, self._limits)[0]
                continue
            close_all(files)
            if isinstance(response, FramesEnded):
                return
            if not isinstance(response, FrameRead):
                raise ChannelError("a frame was not decoded")
            yield self.still(keep_profile=keep_profile)


def _map_all(
    described: tuple[FrameInfo, ...], files: tuple[int, ...], limits: ImageLimits
) -> tuple[DecodedFrame, ...]:
    """Every frame mapped; all descriptors are closed, whatever happens."""
    if len(described) != len(files):
        close_all(files)
        raise ChannelError("a frame came without its pixels")
    frames = []
    for number, info in enumerate(described):
        try:
            frames.append(map_frame(info, files[number], limits))
        except BaseException:
            close_all(files[number + 1 :])
            raise
    return tuple(frames)
