"""Defines what the pipeline needs of a decoder, and the one that decodes in the worker's own process."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from common.errors import TimedOutError
from common.inspection.limits import ImageLimits
from common.model.reports import SourceReport
from services.worker.decoding.image_header import ImageHeader
from services.worker.decoding.metadata import Attribution
from services.worker.decoding.source_image import DecodedFrame, SourceImage, open_source
from services.worker.imaging.geometry import Size

Check = Callable[[], None]
"""Called between steps; raises to end them."""


class DecodedSource(Protocol):
    """Describes a decoded image, or an animation of `frame_count` frames that plays `loop_count` times (0: forever)."""

    @property
    def source(self) -> SourceReport: ...
    @property
    def attribution(self) -> Attribution: ...
    @property
    def frame_count(self) -> int: ...
    @property
    def loop_count(self) -> int: ...

    def first_frame(self, *, keep_profile: bool = False) -> DecodedFrame:
        """Return the first frame, in its own colors if they were kept and are RGB, else in sRGB."""

    def frames(self, *, keep_profile: bool = False) -> Iterator[DecodedFrame]:
        """Yield every frame of an animation in turn, from the one that `first_frame` returns."""


class OpenedSource(Protocol):
    """Describes an image whose header was read: `size` is upright."""

    @property
    def size(self) -> Size: ...
    @property
    def is_animated(self) -> bool: ...

    def decode(self, *, scale: float, keep_profile: bool) -> DecodedSource:
        """Decode it at no less than `scale` of its size. Raises ImageError or TransientError, whatever the bytes."""


class SourceDecoder(Protocol):
    """Opens files of untrusted images; safe in several threads."""

    def open(self, source: Path, cancelled: Callable[[], bool]) -> AbstractContextManager[OpenedSource]:
        """Read the header of the image in a file.

        Raises ImageError or TransientError, whatever the bytes; TimedOutError once cancelled.
        """


def check_of(cancelled: Callable[[], bool]) -> Check:
    """Return a function that raises TimedOutError once the job is cancelled."""

    def check() -> None:
        if cancelled():
            raise TimedOutError("developing the image took longer than a job may take")

    return check


class InProcessDecoder:
    """Decodes in the calling thread: what an image does to its decoder, it does to the worker."""

    def __init__(self, limits: ImageLimits) -> None:
        self._limits = limits

    @contextmanager
    def open(self, source: Path, cancelled: Callable[[], bool]) -> Iterator[OpenedSource]:
        """Read the header of the image in a file, as SourceDecoder says."""
        with open_source(source, self._limits) as header:
            yield _LocalSource(header, check_of(cancelled))


@dataclass(frozen=True)
class _LocalSource:
    header: ImageHeader
    check: Check

    @property
    def size(self) -> Size:
        return self.header.size

    @property
    def is_animated(self) -> bool:
        return self.header.is_animated

    def decode(self, *, scale: float, keep_profile: bool) -> DecodedSource:
        return SourceImage(self.header, scale=scale, check=self.check, keep_profile=keep_profile)
