"""The worker's side of one decoder process."""

import contextlib
import math
import os
import resource
import select
import signal
import socket
import time
from collections.abc import Callable
from typing import Final

import msgspec

from common.errors import TimedOutError
from services.worker.sandbox.channel import Channel, ChannelError, close_all
from services.worker.sandbox.messages import (
    Confinement,
    Ready,
    Response,
)

FORKSERVER: Final = "services.worker.sandbox.child.forkserver"
_POLL_MILLISECONDS: Final = 50
# Nothing else of the worker's environment is in the memory of a process that reads untrusted bytes: it holds passwords.
_ENVIRONMENT: Final = ("PATH", "PYTHON", "LANG", "LC_", "LD_LIBRARY_PATH", "COVERAGE")


class DecoderProcess:
    """One decoder process: confined, waiting for requests."""

    def __init__(self, pid: int, pidfd: int, end: socket.socket) -> None:
        self.pid = pid
        self._pidfd = pidfd
        self._channel: Channel[Response] = Channel(end, Response)
        self.images = 0

    def wait_ready(self, cancelled: Callable[[], bool]) -> Confinement:
        """Wait until it has confined itself. Raises ChannelError if it ends before."""
        response, files = self._receive(cancelled)
        close_all(files)
        if not isinstance(response, Ready):
            raise ChannelError("a decoder began with another message")
        return response.confinement

    def exchange(
        self, request: msgspec.Struct, files: tuple[int, ...], cancelled: Callable[[], bool]
    ) -> tuple[Response, tuple[int, ...]]:
        """The response to a request, with descriptors that are the caller's to close.

        Raises ChannelError if the process ends or breaks the rules, TimedOutError as soon as `cancelled` says so; the
        process cannot be used afterwards.
        """
        self._channel.send(request, files)
        return self._receive(cancelled)

    def cpu_seconds(self) -> float:
        """The processor time it has used so far; 0 once it was reaped."""
        try:
            return time.clock_gettime(_cpu_clock(self.pid))
        except OSError:
            return 0.0

    def limit_cpu(self, seconds: float) -> None:
        """Have the kernel end it with SIGXCPU after so many further seconds of processor time."""
        most = math.ceil(self.cpu_seconds() + seconds)
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(self.pid, resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))

    def has_ended(self, within_seconds: float) -> bool:
        """Whether it has ended by itself, waiting a moment for one that has just closed its socket."""
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        return bool(poll.poll(within_seconds * 1000))

    def kill(self) -> None:
        """End it at once. It stays a zombie until the fork server reaps it."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def close(self) -> None:
        """Release what this side holds of it."""
        self._channel.close()
        os.close(self._pidfd)

    def _receive(self, cancelled: Callable[[], bool]) -> tuple[Response, tuple[int, ...]]:
        poll = select.poll()
        poll.register(self._channel.fileno(), select.POLLIN)
        while not poll.poll(_POLL_MILLISECONDS):
            if cancelled():
                raise TimedOutError("decoding was given up")
        return self._channel.receive()


def _cpu_clock(pid: int) -> int:
    """The kernel's clock of a process's processor time: what clock_getcpuclockid(3) computes on Linux."""
    return (~pid << 3) | 2
