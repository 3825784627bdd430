"""Passes a decoded frame through shared memory: the decoder writes and seals it, and the worker maps it as it is.

Shared memory is a memfd, which no file system holds: /dev/shm, 64 MB in a container, is not used.
"""

import fcntl
import mmap
import os
from typing import Final

from PIL import Image, _imaging

from common.inspection.limits import ImageLimits
from services.worker.decoding.source_image import DecodedFrame
from services.worker.sandbox.channel import ChannelError
from services.worker.sandbox.messages import FrameInfo

BYTES_PER_PIXEL: Final = 4
# With these nobody can change the pixels any more, nor take them away under the worker that reads them.
_SEALS: Final = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
_BAND_BYTES: Final = 256 * 1024  # what a processor's cache holds: half the time of one large copy


def write_frame(decoded: DecodedFrame) -> tuple[FrameInfo, int]:
    """Copy a frame into new shared memory; returns its description and the descriptor, the caller's to close."""
    image, profile = decoded.image, decoded.profile or b""
    file = os.memfd_create("frame", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        _write_pixels(image, file)
        _write_all(file, profile)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(file)
        raise
    info = FrameInfo(
        mode=image.mode,
        width=image.width,
        height=image.height,
        size=decoded.size,
        frame=decoded.frame,
        profile_bytes=len(profile),
        duration=decoded.duration,
    )
    return info, file


def map_frame(info: FrameInfo, file: int, limits: ImageLimits) -> DecodedFrame:
    """Return the frame in a descriptor, which is closed; its pixels are read-only, and not copied.

    Raises ChannelError if it is larger than the limits allow, or not what its description says.
    """
    try:
        pixel_bytes = info.width * info.height * BYTES_PER_PIXEL
        _check(info, file, pixel_bytes, limits)
        # Private, since kernels before 6.7 share no memory that is sealed; as nobody writes, nothing is copied.
        memory = mmap.mmap(
            file, pixel_bytes + info.profile_bytes, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ
        )
    except (OSError, ValueError) as error:  # of huge pages, say, that the machine has not
        raise ChannelError("a frame cannot be mapped") from error
    finally:
        os.close(file)
    return DecodedFrame(
        image=_wrap(memory, info.mode, (info.width, info.height)),
        size=info.size,
        frame=info.frame,
        profile=memory[pixel_bytes:] if info.profile_bytes else None,
        duration=info.duration,
    )


def _check(info: FrameInfo, file: int, pixel_bytes: int, limits: ImageLimits) -> None:
    if max(info.width * info.height, info.size[0] * info.size[1]) > limits.max_pixels:
        raise ChannelError("a frame has more pixels than are allowed")
    left, top, right, bottom = info.frame
    if not (
        -1 <= left < right <= info.width + 1 and -1 <= top < bottom <= info.height + 1
    ):  # or not a number
        raise ChannelError("a frame does not lie in its pixels")
    try:
        seals = fcntl.fcntl(file, fcntl.F_GET_SEALS)
    except OSError as error:
        raise ChannelError("a frame is not in shared memory") from error
    if seals & _SEALS != _SEALS or os.fstat(file).st_size != pixel_bytes + info.profile_bytes:
        raise ChannelError("a frame's shared memory is not sealed or not of its size")


def _wrap(memory: mmap.mmap, mode: str, size: tuple[int, int]) -> Image.Image:
    """Return an image over memory that holds pixels as Pillow does; whatever changes it copies it first.

    Image.frombuffer does just this, but knows only modes whose files look like their memory: RGB is not among them.
    """
    image = Image.new(mode, (0, 0))
    image = image._new(_imaging.map_buffer(memory, size, "raw", 0, (mode, 0, 1)))
    image.readonly = 1
    return image


def _write_pixels(image: Image.Image, file: int) -> None:
    """Write four bytes a pixel, as Pillow holds them in memory, in bands."""
    raw = "RGBX" if image.mode == "RGB" else image.mode
    rows = max(1, _BAND_BYTES // (image.width * BYTES_PER_PIXEL))
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(image.height, top + rows)))
        _write_all(file, band.tobytes("raw", raw))


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
