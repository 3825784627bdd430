"""Decodes in processes of their own, each leased to a thread for one image."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from common.errors import DarkroomError
from common.inspection.limits import ImageLimits
from services.worker.decoding.errors import translate_decode_errors
from services.worker.sandbox.channel import ChannelError
from services.worker.sandbox.decoder_process import DecoderProcess
from services.worker.sandbox.forkserver_client import ForkServer
from services.worker.sandbox.lease import DecoderUnavailableError, Lease, UnreadableToDecoderError
from services.worker.sandbox.messages import Confinement
from services.worker.sandbox.remote_source import RemoteSource

_READ_BYTES: Final = 1 << 20


class IsolatedDecoder:
    """Decodes each image in a process that `forkserver` forked, and that serves `images_per_process` images at most.

    `cpu_seconds` bounds the processor time of one image there.
    """

    def __init__(
        self, forkserver: ForkServer, limits: ImageLimits, *, cpu_seconds: float, images_per_process: int
    ) -> None:
        self._forkserver = forkserver
        self._limits = limits
        self._cpu_seconds = cpu_seconds
        self._images_per_process = images_per_process
        self._lock = threading.Lock()
        self._idle: list[DecoderProcess] = []
        self._leases: dict[int, Lease] = {}
        self._spent: dict[int, float] = {}

    def start(self) -> Confinement:
        """Start the fork server and a first process; returns what confines it. Raises ConfigurationError."""
        self._forkserver.start()
        process = self._forkserver.fork()
        confinement = process.wait_ready(lambda: False)
        self._idle.append(process)
        return confinement

    def close(self) -> None:
        """End all processes, those in the middle of an image included."""
        for process in self._idle:
            self._forkserver.reap(process)
        self._idle.clear()
        self._forkserver.close()

    def process_ids(self) -> set[int]:
        """Return the ids of the processes that decode or wait for an image."""
        with self._lock:
            return {each.pid for each in (*self._idle, *(lease.process for lease in self._leases.values()))}

    def cpu_seconds(self, thread: int) -> float:
        """Return the seconds of processor time that decoders have used for a thread's images, including the current."""
        with self._lock:
            lease = self._leases.get(thread)
            return self._spent.get(thread, 0.0) + (lease.cpu_seconds() if lease else 0.0)

    @contextmanager
    def open(self, source: Path, cancelled: Callable[[], bool]) -> Iterator[RemoteSource]:
        """Open an image file and read its header. Raises ImageError or TransientError; TimedOutError once cancelled.

        Raises DecoderDiedError, here or while the image is decoded, if the process ends; the image may then be opened
        again.
        """
        with translate_decode_errors():
            file = source.open("rb")
        with file, self._lease(cancelled) as lease:
            try:
                yield RemoteSource.open(lease.send_request, file.fileno(), self._limits)
            except ChannelError as error:
                raise lease.end_and_explain(error) from error
            except UnreadableToDecoderError as error:
                if not _is_readable(file):
                    raise
                lie = ChannelError("the decoder said that it cannot read a file that can be read")
                raise lease.end_and_explain(lie) from error

    @contextmanager
    def _lease(self, cancelled: Callable[[], bool]) -> Iterator[Lease]:
        thread, process = threading.get_ident(), self._take(cancelled)
        lease = Lease(process, self._forkserver, cancelled)
        # Each image may end a moment after its second, since the kernel counts whole ones.
        total_seconds = (self._cpu_seconds + 1) * self._images_per_process
        process.limit_cpu(self._cpu_seconds, total_seconds=total_seconds)
        with self._lock:
            self._leases[thread] = lease
        try:
            yield lease
        finally:
            with self._lock:
                del self._leases[thread]
                self._spent[thread] = self._spent.get(thread, 0.0) + lease.cpu_seconds()
            self._give_back(lease)

    def _take(self, cancelled: Callable[[], bool]) -> DecoderProcess:
        with self._lock:
            if self._idle:
                process = self._idle.pop()
                process.resume()
                return process
        try:
            process = self._forkserver.fork()
        except ChannelError as error:
            raise DecoderUnavailableError(f"no decoder process could be started: {error}") from error
        try:
            process.wait_ready(cancelled)
        except DarkroomError as error:
            self._forkserver.reap(process)
            raise DecoderUnavailableError(f"a decoder process did not start: {error}") from error
        return process

    def _give_back(self, lease: Lease) -> None:
        process = lease.process
        process.images += 1
        if lease.ended:
            return
        if process.images >= self._images_per_process or process.has_message():
            self._forkserver.reap(process)
            return
        process.suspend()  # one that was taken over would use the processor on
        with self._lock:
            self._idle.append(process)


def _is_readable(file: BinaryIO) -> bool:
    """Return whether the worker itself can read the whole file."""
    try:
        file.seek(0)
        while file.read(_READ_BYTES):
            pass
    except OSError:
        return False
    return True
