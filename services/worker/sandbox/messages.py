"""Defines the messages between a worker, its fork server and its decoders: structs in MessagePack with bounds.

Nothing that the process sends is trusted: a message that does not fit is an error of the process, and no message can
hold code, as a pickle could.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from common.inspection.limits import ImageLimits
from common.model.reports import SourceReport

MAX_PROFILE_BYTES = 4 * 1024 * 1024

_Pixels = Annotated[int, Meta(ge=1, le=2**31 - 1)]
_Coordinate = Annotated[float, Meta(ge=-(2.0**31), le=2.0**31)]
_Text = Annotated[str, Meta(max_length=2000)]
_Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class Open(msgspec.Struct, frozen=True, tag="open"):
    """Read the header of the image whose file comes with this message."""

    limits: ImageLimits


class Decode(msgspec.Struct, frozen=True, tag="decode"):
    """Decode the image that was opened at no less than `scale` of its size; send its colors unconverted, too."""

    scale: float
    keep_profile: bool


class ReadFrame(msgspec.Struct, frozen=True, tag="frame"):
    """Decode the next frame of the animation, or with `restart` its first."""

    restart: bool
    keep_profile: bool


Request = Open | Decode | ReadFrame


class FrameInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Describe pixels in shared memory: 4 bytes each, row by row, then `profile_bytes` of an ICC profile.

    `frame` is where the image of `size` lies in them; `duration` is milliseconds.
    """

    mode: Annotated[str, Meta(pattern="^RGBA?$")]
    width: _Pixels
    height: _Pixels
    size: tuple[_Pixels, _Pixels]
    frame: tuple[_Coordinate, _Coordinate, _Coordinate, _Coordinate]
    profile_bytes: Annotated[int, Meta(ge=0, le=MAX_PROFILE_BYTES)] = 0
    duration: _Count = 0


class Confinement(msgspec.Struct, frozen=True, kw_only=True):
    """Say what confines the process: Landlock's version (0: the kernel has none) and whether seccomp filters calls."""

    landlock: int
    seccomp: bool


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """Say that the process has confined itself, and waits."""

    confinement: Confinement


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag="opened"):
    """Give the upright size of the image, and whether it is an animation."""

    size: tuple[_Pixels, _Pixels]
    is_animated: bool


class Decoded(msgspec.Struct, frozen=True, kw_only=True, tag="decoded"):
    """Describe the decoded image, or an animation by its first frame; `unconverted` is None where that is the same.

    `loop_count` is how often the animation plays, 0 being forever.
    """

    source: SourceReport
    artist: _Text
    copyright: _Text
    frame_count: Annotated[int, Meta(ge=1, le=1_000_000)]
    loop_count: _Count
    first_frame: FrameInfo
    unconverted: FrameInfo | None


class FrameRead(msgspec.Struct, frozen=True, tag="frame_read"):
    """Describe a frame of the animation; None is the first, which the worker has."""

    frame: FrameInfo | None


class FramesEnded(msgspec.Struct, frozen=True, tag="frames_ended"):
    """Say that there is no further frame."""


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """Say why the image cannot be decoded: `code` is that of an error in common.errors."""

    code: Annotated[str, Meta(max_length=40)]
    reason: _Text


Response = Ready | Opened | Decoded | FrameRead | FramesEnded | Failed


class Configuration(msgspec.Struct, frozen=True, tag="configuration"):
    """Configure the fork server, as the first message: the process to die with, and the limits of decoders.

    `memory_bytes` 0 is no limit.
    """

    parent: int
    limits: ImageLimits
    memory_bytes: int


class Fork(msgspec.Struct, frozen=True, tag="fork"):
    """Fork a decoder that serves the socket which comes with this message; answered with Forked and its pidfd."""


class Forked(msgspec.Struct, frozen=True, tag="forked"):
    """Name the process that was forked."""

    pid: int


class Reap(msgspec.Struct, frozen=True, tag="reap"):
    """Wait for the end of a process that has been killed, or has closed its socket; answered with Reaped."""

    pid: int


class Reaped(msgspec.Struct, frozen=True, tag="reaped"):
    """Say how it ended: its exit code, or the negative number of the signal."""

    exit_code: int


Order = Configuration | Fork | Reap
Answer = Forked | Reaped
