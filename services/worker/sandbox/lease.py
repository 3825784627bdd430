"""Leases a decoder process to one thread for one image: sends requests, measures time, and says how it ended."""

import signal
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from common.errors import (
    CorruptImageError,
    DarkroomError,
    ImageError,
    ImageTooComplexError,
    ImageTooLargeError,
    InvalidRecipeError,
    OutOfMemoryError,
    StoreUnavailableError,
    TimedOutError,
    TransientError,
    UnsupportedFormatError,
)
from services.worker.sandbox.channel import ChannelError, close_all, is_shortage
from services.worker.sandbox.decoder_process import DecoderProcess
from services.worker.sandbox.forkserver_client import ForkServer
from services.worker.sandbox.messages import Failed, Response


class UnreadableToDecoderError(StoreUnavailableError):
    """The decoder says that it cannot read the file; whether that is true, the worker must see for itself."""


_MAX_REASON: Final = 500  # characters
_ERRORS: Final[dict[str, type[DarkroomError]]] = {
    error.code: error
    for error in (
        CorruptImageError,
        ImageTooComplexError,
        ImageTooLargeError,
        InvalidRecipeError,
        OutOfMemoryError,
        UnreadableToDecoderError,
        UnsupportedFormatError,
    )
}

_LAST_MOMENT_SECONDS: Final = 1.0  # a process closes its socket a little before it is gone

log = structlog.get_logger(__name__)


class DecoderCrashedError(ImageError):
    """Decoding the image ended the decoder process, twice."""

    code = "decoder_crashed"


class DecoderKilledError(TransientError):
    """The decoder process was killed from outside, twice: memory is short, or somebody ended it."""

    code = "decoder_killed"


class DecoderUnavailableError(TransientError):
    """No decoder process could be started, or this process could not take what it sent."""

    code = "decoder_unavailable"


class DecoderDiedError(DarkroomError):
    """The decoder process ended in the middle of an image: tried once more, since an earlier image may be the cause.

    `final_error` is what the job ends with when it happens again.
    """

    code = "decoder_crashed"

    def __init__(self, final_error: DarkroomError) -> None:
        super().__init__(str(final_error))
        self.final_error = final_error


def _error_for_exit(exit_code: int | None) -> DarkroomError:
    """Return the error for an exit code, None for a broken protocol; SIGKILL comes from outside only."""
    if exit_code == -signal.SIGKILL:
        return DecoderKilledError("the decoder was killed twice from outside, as when memory is short")
    if exit_code is None:
        return DecoderCrashedError("decoding the image made the decoder send what it must not, twice")
    how = signal.Signals(-exit_code).name if exit_code < 0 else f"exit code {exit_code}"
    return DecoderCrashedError(f"decoding the image crashed the decoder twice ({how})")


def _one_line(reason: str) -> str:
    """Return the reason of a decoder without line breaks and control characters, fit for a log."""
    return "".join(each if each.isprintable() else " " for each in reason[:_MAX_REASON])


class Lease:
    """Leases a process to one thread, for one image."""

    def __init__(
        self, process: DecoderProcess, forkserver: ForkServer, cancelled: Callable[[], bool]
    ) -> None:
        self.process = process
        self.ended = False
        self._forkserver = forkserver
        self._cancelled = cancelled
        self._cpu_before = process.cpu_seconds()
        self._cpu_at_end = 0.0

    def cpu_seconds(self) -> float:
        """Return the processor time of this image so far, in seconds."""
        now = self._cpu_at_end if self.ended else self.process.cpu_seconds()
        return max(0.0, now - self._cpu_before)

    def send_request(
        self, request: msgspec.Struct, files: tuple[int, ...] = ()
    ) -> tuple[Response, tuple[int, ...]]:
        """Return the response to a request, with descriptors that the caller must close.

        Raises the error that the image ended with, TimedOutError once cancelled, DecoderDiedError.
        """
        try:
            response, received = self.process.exchange(request, files, self._cancelled)
        except ChannelError as error:
            raise self.end_and_explain(error) from error
        except TimedOutError:
            self._end()
            raise
        if not isinstance(response, Failed):
            return response, received
        close_all(received)
        raise _ERRORS.get(response.code, CorruptImageError)(_one_line(response.reason))

    def end_and_explain(self, error: ChannelError) -> DarkroomError:
        """End the process, which has ended by itself or violated the protocol; returns the error to raise."""
        by_itself = self.process.has_ended(_LAST_MOMENT_SECONDS)
        exit_code = self._end()
        log.warning("decoder.ended", exit_code=exit_code, reason=str(error), pid=self.process.pid)
        if exit_code == -signal.SIGXCPU:
            return TimedOutError("decoding the image took more processor time than a job may take")
        if not by_itself and is_shortage(error):
            return DecoderUnavailableError(f"a decoded image could not be received: {error}")
        return DecoderDiedError(_error_for_exit(exit_code if by_itself else None))

    def _end(self) -> int:
        self._cpu_at_end, self.ended = self.process.cpu_seconds(), True
        return self._forkserver.reap(self.process)
