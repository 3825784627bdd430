"""Presents an image that another process decodes to the pipeline, as if it were decoded here."""

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

SendRequest = Callable[[msgspec.Struct, tuple[int, ...]], tuple[Response, tuple[int, ...]]]
"""(request, descriptors) -> the response and its descriptors. ChannelError in a caller ends the process."""


@dataclass(frozen=True, kw_only=True)
class RemoteSource:
    """Represents an opened image: `size` is upright."""

    size: Size
    is_animated: bool
    _send_request: SendRequest
    _limits: ImageLimits

    @classmethod
    def open(cls, send_request: SendRequest, file: int, limits: ImageLimits) -> "RemoteSource":
        """Have the header of the image in the descriptor `file` read.

        Raises what `send_request` raises, and ChannelError for a wrong answer.
        """
        response, files = send_request(Open(limits), (file,))
        close_all(files)
        if not isinstance(response, Opened):
            raise ChannelError("an image was not opened")
        if response.size[0] * response.size[1] > limits.max_pixels:
            raise ChannelError("an opened image has more pixels than are allowed")
        return cls(
            size=response.size, is_animated=response.is_animated, _send_request=send_request, _limits=limits
        )

    def decode(self, *, scale: float, keep_profile: bool) -> "DecodedRemotely":
        """Have it decoded at no less than `scale` of its size. Raises what `open` raises."""
        response, files = self._send_request(Decode(scale, keep_profile), ())
        if not isinstance(response, Decoded):
            close_all(files)
            raise ChannelError("an image was not decoded")
        if response.frame_count > self._limits.max_frames:
            close_all(files)
            raise ChannelError("an image has more frames than are allowed")
        described = (response.first_frame, response.unconverted)
        frames = _map_all(tuple(info for info in described if info is not None), files, self._limits)
        return DecodedRemotely(response, frames, self._send_request, self._limits)


class DecodedRemotely:
    """Represents a decoded image; the later frames of an animation are asked for one by one."""

    def __init__(
        self,
        decoded: Decoded,
        frames: tuple[DecodedFrame, ...],
        send_request: SendRequest,
        limits: ImageLimits,
    ) -> None:
        self.source: SourceReport = decoded.source
        self.attribution = Attribution(decoded.artist, decoded.copyright)
        self.frame_count = decoded.frame_count
        self.loop_count = decoded.loop_count
        self._first_frame, self._unconverted = frames[0], frames[-1]
        self._send_request = send_request
        self._limits = limits

    def first_frame(self, *, keep_profile: bool = False) -> DecodedFrame:
        """Return the first frame, in its own colors if they were kept and are RGB, else in sRGB."""
        return self._unconverted if keep_profile else self._first_frame

    def frames(self, *, keep_profile: bool = False) -> Iterator[DecodedFrame]:
        """Yield every frame of an animation in turn; only one is in memory at a time."""
        for number in range(self.frame_count):
            response, files = self._send_request(
                ReadFrame(restart=number == 0, keep_profile=keep_profile), ()
            )
            if isinstance(response, FrameRead) and response.frame is not None:
                yield _map_all((response.frame,), files, self._limits)[0]
                continue
            close_all(files)
            if isinstance(response, FramesEnded):
                return
            if not isinstance(response, FrameRead):
                raise ChannelError("a frame was not decoded")
            yield self.first_frame(keep_profile=keep_profile)


def _map_all(
    described: tuple[FrameInfo, ...], files: tuple[int, ...], limits: ImageLimits
) -> tuple[DecodedFrame, ...]:
    """Return every frame, mapped; all descriptors are closed, whatever happens."""
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
