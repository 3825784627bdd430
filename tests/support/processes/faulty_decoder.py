"""A fork server whose decoders crash, hang or lie on images marked so (tests.support.processes.marks)."""

import ctypes
import threading
from typing import BinaryIO

import msgspec

from common.inspection.limits import ImageLimits
from services.worker.decoding.image_header import ImageHeader, read_header
from services.worker.decoding.source_image import DecodedFrame
from services.worker.sandbox.child import decode_server, forkserver
from services.worker.sandbox.messages import FrameInfo
from services.worker.sandbox.shared_frame import write_frame
from tests.support.processes.marks import fault_in


class _Faults:
    """Stands before the real functions, and does what the image in hand is marked with."""

    lies = False

    def read_header(self, file: BinaryIO, limits: ImageLimits) -> ImageHeader:
        mark = fault_in(file.read())
        file.seek(0)
        self.lies = False
        match mark:
            case ("decoder-crash", _):
                ctypes.string_at(0)
            case ("decoder-hang", _):
                while True:
                    pass
            case ("decoder-stall", _):
                threading.Event().wait()
            case ("decoder-memory", _):
                bytearray(2**32)
            case ("decoder-lie", _):
                self.lies = True
        return read_header(file, limits)

    def write_frame(self, decoded: DecodedFrame) -> tuple[FrameInfo, int]:
        info, file = write_frame(decoded)
        return (msgspec.structs.replace(info, height=info.height + 1) if self.lies else info), file


def main() -> None:
    """What services.worker.sandbox.child.forkserver does, with faults."""
    faults = _Faults()
    decode_server.read_header = faults.read_header  # type: ignore[attr-defined]  # stands in for it
    decode_server.write_frame = faults.write_frame  # type: ignore[attr-defined]
    forkserver.main()


if __name__ == "__main__":
    main()
