"""A fork server whose decoders were taken over: each file says by its first word what they do with it."""

import fcntl
import os
import signal
import threading
from collections.abc import Callable
from typing import Final

from common.model.reports import SourceReport
from services.worker.sandbox.channel import Channel
from services.worker.sandbox.child import forkserver
from services.worker.sandbox.messages import (
    Decoded,
    Failed,
    FrameInfo,
    FrameRead,
    Open,
    Opened,
    Request,
)

MIB: Final = 1 << 20
_SEALS: Final = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
_HUGE_PAGES: Final = 4
_FRAME: Final = FrameInfo(mode="RGB", width=10, height=10, size=(10, 10), frame=(0, 0, 10, 10))
_SOURCE: Final = SourceReport(
    format="gif",
    width=10,
    height=10,
    mode="RGB",
    frames=1,
    bytes=10,
    orientation=1,
    gps_removed=False,
    metadata=(),
)


class _Compromised:
    def __init__(self, channel: Channel[Request]) -> None:
        self._channel = channel
        self._kept: list[int] = []

    def serve(self) -> None:
        while True:
            request, files = self._channel.receive()
            if isinstance(request, Open):
                self._act(os.pread(files[0], 100, 0).decode())

    def _act(self, behavior: str) -> None:
        known: dict[str, Callable[[], None]] = {
            "answer-unasked": self.answer_unasked,
            "endless": lambda: self.animate(frames=250),
            "too-many-frames": lambda: self.animate(frames=251),
            "too-large": lambda: self._channel.send(Opened(size=(2**31 - 1, 2**31 - 1), is_animated=False)),
            "spin": self.spin,
            "hoard": self.hoard,
            "huge-pages": self.use_huge_pages,
            "blame-store": lambda: self.fail("store_unavailable", "no"),
            "forge-log": lambda: self.fail("corrupt_image", "bad\r\nforged\x1b[2J" + "x" * 1000),
        }
        known[behavior]()

    def fail(self, code: str, reason: str) -> None:
        self._channel.send(Failed(code=code, reason=reason))

    def animate(self, *, frames: int) -> None:
        self._open(frames)
        while True:
            self._channel.receive()
            self._send_frame(FrameRead(_FRAME))

    def answer_unasked(self) -> None:
        self._open(250)
        while True:
            self._channel.send(FrameRead(None))

    def spin(self) -> None:
        """Use the processor on after the image, against the signal that ends it."""
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        threading.Thread(target=_use_processor, daemon=True).start()
        self.fail("corrupt_image", "spinning")

    def hoard(self) -> None:
        """Fill as much shared memory as the kernel gives, in steps of a MiB a piece."""
        try:
            while True:
                self._kept.append(os.memfd_create("hoard"))
                os.write(self._kept[-1], bytes(MIB))
        except OSError:
            self.fail("corrupt_image", f"pieces {len(self._kept)}")

    def use_huge_pages(self) -> None:
        try:
            os.memfd_create("huge", os.MFD_ALLOW_SEALING | _HUGE_PAGES)
        except OSError as error:
            self.fail("corrupt_image", f"errno {error.errno}")
        else:
            self.fail("corrupt_image", "made")

    def _open(self, frames: int) -> None:
        self._channel.send(Opened(size=(10, 10), is_animated=True))
        self._channel.receive()
        self._send_frame(
            Decoded(
                source=_SOURCE,
                artist="",
                copyright="",
                frame_count=frames,
                loop_count=0,
                first_frame=_FRAME,
                unconverted=None,
            )
        )

    def _send_frame(self, message: Decoded | FrameRead) -> None:
        file = os.memfd_create("frame", os.MFD_ALLOW_SEALING)
        os.write(file, bytes(400))
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
        self._channel.send(message, (file,))
        os.close(file)


def _use_processor() -> None:
    while True:
        pass


if __name__ == "__main__":
    forkserver.main(lambda channel: _Compromised(channel).serve())
