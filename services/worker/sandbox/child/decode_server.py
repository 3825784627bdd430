"""Serves decode requests in a decoder process: decodes with Pillow, answers with descriptions of shared memory."""

import contextlib
import os
from collections.abc import Iterator

import msgspec

from common.errors import DarkroomError
from services.worker.decoding.errors import translate_decode_errors
from services.worker.decoding.image_header import read_header
from services.worker.decoding.source_image import DecodedFrame, SourceImage
from services.worker.sandbox.channel import Channel, ChannelError, close_all
from services.worker.sandbox.messages import (
    Decode,
    Decoded,
    Failed,
    FrameInfo,
    FrameRead,
    FramesEnded,
    Open,
    Opened,
    Request,
)
from services.worker.sandbox.shared_frame import write_frame

_MAX_REASON: int = 500  # characters


def serve(channel: Channel[Request]) -> None:
    """Decode one image after the other until the worker closes its end."""
    session: _Session | None = None
    with contextlib.suppress(ChannelError):
        while True:
            request, files = channel.receive()
            try:
                if isinstance(request, Open):
                    if session is not None:
                        session.close()
                    session = None  # releases the image before
                    session = _Session(request, files[0])
                    _reply(channel, session.opened())
                elif session is not None:
                    _reply(channel, *session.handle(request))
            except ChannelError:
                raise
            except DarkroomError as error:
                _reply(channel, Failed(code=error.code, reason=str(error)[:_MAX_REASON]))


def _reply(channel: Channel[Request], message: msgspec.Struct, files: tuple[int, ...] = ()) -> None:
    try:
        channel.send(message, files)
    finally:
        close_all(files)


class _Session:
    """Holds one image: its file, and how far it is decoded."""

    def __init__(self, request: Open, file: int) -> None:
        self._file = os.fdopen(file, "rb")
        self._source: SourceImage | None = None
        self._frames: Iterator[DecodedFrame] = iter(())
        try:
            with translate_decode_errors():
                self._header = read_header(self._file, request.limits)
        except DarkroomError:
            self.close()
            raise

    def close(self) -> None:
        self._file.close()

    def opened(self) -> Opened:
        return Opened(size=self._header.size, is_animated=self._header.is_animated)

    def handle(self, request: Request) -> tuple[msgspec.Struct, tuple[int, ...]]:
        """Return the answer to a request, and the shared memory that goes with it."""
        if isinstance(request, Decode):
            return self._decode(request)
        if isinstance(request, Open) or self._source is None:
            raise ChannelError("a frame of an image that is not decoded")
        if request.restart:
            self._frames = self._source.frames(keep_profile=request.keep_profile)
        frame = next(self._frames, None)
        if frame is None:
            return FramesEnded(), ()
        if frame is self._source.first_frame(keep_profile=request.keep_profile):
            return FrameRead(None), ()
        info, file = _share(frame)
        return FrameRead(info), (file,)

    def _decode(self, request: Decode) -> tuple[Decoded, tuple[int, ...]]:
        source = SourceImage(
            self._header, scale=request.scale, check=lambda: None, keep_profile=request.keep_profile
        )
        self._source = source
        first_frame = source.first_frame()
        shared = [_share(first_frame)]
        unconverted = source.first_frame(keep_profile=True)
        if unconverted is not first_frame:
            shared.append(_share(unconverted))
        decoded = Decoded(
            source=source.source,
            artist=source.attribution.artist,
            copyright=source.attribution.copyright,
            frame_count=source.frame_count,
            loop_count=source.loop_count,
            first_frame=shared[0][0],
            unconverted=shared[1][0] if len(shared) > 1 else None,
        )
        return decoded, tuple(file for _, file in shared)


def _share(frame: DecodedFrame) -> tuple[FrameInfo, int]:
    with translate_decode_errors():
        return write_frame(frame)
