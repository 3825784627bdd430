"""Starts the fork server and has it fork decoder processes, from the worker's side."""

import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

import msgspec

from common.errors import ConfigurationError
from common.inspection.limits import ImageLimits
from services.worker.sandbox.channel import Channel, ChannelError, close_all, new_pair
from services.worker.sandbox.decoder_process import DecoderProcess
from services.worker.sandbox.messages import Answer, Configuration, Fork, Forked, Reap, Reaped

FORKSERVER: Final = "services.worker.sandbox.child.forkserver"
# Nothing else of the worker's environment is in the memory of a process that reads untrusted bytes: it holds passwords.
_ENVIRONMENT: Final = ("PATH", "PYTHON", "LANG", "LC_", "LD_LIBRARY_PATH", "COVERAGE")
# It answers within milliseconds, but has to load Pillow first.
_ANSWER_SECONDS: Final = 5.0
_START_SECONDS: Final = 30.0
# Waited in steps, so that the time in which this process itself was stopped counts as one of them.
_STEP_SECONDS: Final = 0.1


class ForkServer:
    """Starts the fork server, has it fork decoders, and learns how they ended; safe in several threads.

    A fork server that does not answer in time is killed, and started anew for the next decoder. Start it in a thread
    that lives as long as the process: the kernel ends it with that thread.
    """

    def __init__(self, limits: ImageLimits, memory_bytes: int, *, module: str = FORKSERVER) -> None:
        self._configuration = Configuration(parent=os.getpid(), limits=limits, memory_bytes=memory_bytes)
        self._module = module
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._orders: Channel[Answer] | None = None
        self._closed = False

    def fork(self) -> DecoderProcess:
        """Return a new decoder process; starts the fork server anew if it has died. Raises ChannelError."""
        try:
            ours, theirs = new_pair()
        except OSError as error:
            raise ChannelError(f"no socket for a decoder ({error.strerror})") from error
        try:
            with theirs, self._lock:
                answer, files = self._ask(Fork(), (theirs.fileno(),))
        except OSError as error:
            ours.close()
            raise ChannelError(f"the fork server did not start ({error.strerror})") from error
        except BaseException:
            ours.close()
            raise
        if not isinstance(answer, Forked):
            close_all(files)
            ours.close()
            raise ChannelError("the fork server answered something else")
        return DecoderProcess(answer.pid, files[0], ours)

    def reap(self, decoder: DecoderProcess) -> int:
        """End a decoder if it still runs, and release it; returns its exit code, or minus the signal's number."""
        decoder.kill()
        try:
            with self._lock:
                # One that is not its child any more died with the fork server.
                answer = self._ask(Reap(decoder.pid), ()) if self._running() else None
            return answer[0].exit_code if answer and isinstance(answer[0], Reaped) else -signal.SIGKILL
        except ChannelError:
            return -signal.SIGKILL
        finally:
            decoder.close()

    def start(self) -> None:
        """Start the process if it does not run. Raises ConfigurationError if it cannot run here."""
        with self._lock:
            if self._running():
                return
            self._stop()
            try:
                self._start()
            except (ChannelError, OSError) as error:
                raise ConfigurationError(
                    f"no decoder process can be started here ({error}); DECODE_IN_CHILD=false decodes without"
                ) from error

    def close(self) -> None:
        """End the fork server, and with it every decoder that is left; it is not started again."""
        self._closed = True
        # Who holds the lock may wait for an answer: the end of the fork server ends the wait.
        while not self._lock.acquire(timeout=_STEP_SECONDS):
            self._kill()
        try:
            self._stop()
        finally:
            self._lock.release()

    def _ask(self, order: msgspec.Struct, files: tuple[int, ...]) -> tuple[Answer, tuple[int, ...]]:
        within_seconds = _ANSWER_SECONDS
        if self._orders is None or not self._running():
            self._stop()
            self._orders, within_seconds = self._start(), _START_SECONDS
        try:
            self._orders.send(order, files)
            _wait_readable(self._orders, within_seconds)
            return self._orders.receive()
        except ChannelError:
            self._stop()
            raise

    def _running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _start(self) -> Channel[Answer]:
        if self._closed:
            raise ChannelError("the fork server was closed")
        ours, theirs = new_pair()
        self._orders = Channel(ours, Answer)  # from here on `_stop` closes it
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - a module of our own
                [sys.executable, "-m", self._module],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,
            )
        self._orders.send(self._configuration)
        return self._orders

    def _stop(self) -> None:
        if self._orders is not None:
            self._orders.close()
            self._orders = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _kill(self) -> None:
        process = self._process
        if process is not None:
            process.kill()


def _wait_readable(orders: Channel[Answer], within_seconds: float) -> None:
    """Wait for an answer, or the end of the fork server. Raises ChannelError if neither comes in time."""
    poll = select.poll()
    poll.register(orders.fileno(), select.POLLIN)
    for _ in range(round(within_seconds / _STEP_SECONDS)):
        if poll.poll(_STEP_SECONDS * 1000):
            return
    raise ChannelError(f"the fork server did not answer within {within_seconds:g} s")


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.startswith(_ENVIRONMENT)}
    return kept | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}
