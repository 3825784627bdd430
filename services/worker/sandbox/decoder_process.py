"""Controls one decoder process from the worker's side."""

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

_POLL_MILLISECONDS: Final = 50


class DecoderProcess:
    """Controls one decoder process, which is confined and waits for requests."""

    def __init__(self, pid: int, pidfd: int, end: socket.socket) -> None:
        self.pid = pid
        self._pidfd = pidfd
        end.setblocking(False)  # one that does not read its requests is ended, not waited for
        self._channel: Channel[Response] = Channel(end, Response)
        self.images = 0

    def wait_ready(self, cancelled: Callable[[], bool]) -> Confinement:
        """Wait until it has confined itself. Raises ChannelError if it ends before."""
        response, files = self._receive(cancelled)
        close_all(files)
        if not isinstance(response, Ready):
            raise ChannelError("a decoder started with another message")
        return response.confinement

    def exchange(
        self, request: msgspec.Struct, files: tuple[int, ...], cancelled: Callable[[], bool]
    ) -> tuple[Response, tuple[int, ...]]:
        """Return the response to a request, with descriptors that the caller must close.

        Raises ChannelError if the process ends or violates the protocol, TimedOutError once `cancelled`; the
        process cannot be used again.
        """
        if cancelled():  # asked however fast the responses come
            raise TimedOutError("decoding was given up")
        if self.has_message():
            raise ChannelError("the decoder answered before it was asked, or has ended")
        self._channel.send(request, files)
        return self._receive(cancelled)

    def cpu_seconds(self) -> float:
        """Return the seconds of processor time it has used so far; 0 once it was reaped."""
        try:
            return time.clock_gettime(_cpu_clock(self.pid))
        except OSError:
            return 0.0

    def has_message(self) -> bool:
        """Return whether it has sent something that was not received yet, or has closed its socket."""
        poll = select.poll()
        poll.register(self._channel.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def limit_cpu(self, seconds: float, *, total_seconds: float) -> None:
        """Have the kernel end it with SIGXCPU after so many further seconds of processor time.

        A process that ignores the signal is killed after `total_seconds` since its start; that is never raised again.
        """
        with contextlib.suppress(ProcessLookupError):
            _, hard = resource.prlimit(self.pid, resource.RLIMIT_CPU)
            most = math.ceil(total_seconds) + 1
            hard = most if hard == resource.RLIM_INFINITY else min(hard, most)
            soft = min(math.ceil(self.cpu_seconds() + seconds), hard)
            resource.prlimit(self.pid, resource.RLIMIT_CPU, (soft, hard))

    def suspend(self) -> None:
        """Stop it until `resume`: even one that was taken over runs nothing meanwhile."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run again."""
        self._signal(signal.SIGCONT)

    def has_ended(self, within_seconds: float) -> bool:
        """Return whether it has ended by itself, within so many seconds: it closes its socket a little before."""
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        return bool(poll.poll(within_seconds * 1000))

    def kill(self) -> None:
        """End it at once. It stays a zombie until the fork server reaps it."""
        self._signal(signal.SIGKILL)

    def close(self) -> None:
        """Release what this side holds of it."""
        self._channel.close()
        os.close(self._pidfd)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, number)

    def _receive(self, cancelled: Callable[[], bool]) -> tuple[Response, tuple[int, ...]]:
        poll = select.poll()
        poll.register(self._channel.fileno(), select.POLLIN)
        while not poll.poll(_POLL_MILLISECONDS):
            if cancelled():
                raise TimedOutError("decoding was given up")
        return self._channel.receive()


def _cpu_clock(pid: int) -> int:
    """Return the id of the clock of a process's processor time, as clock_getcpuclockid(3) computes it on Linux."""
    return (~pid << 3) | 2
