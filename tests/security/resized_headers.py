"""Sound files whose headers are given another size: absurd ones, and the ones a bomb needs."""

import struct
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from tests.support.images.drawings import encoded, scene

Resized = Callable[[int, int], bytes]
"""(width, height) -> a file that claims to be so large."""


def _png(width: int, height: int) -> bytes:
    data = bytearray(encoded(scene(64, 48), "PNG"))
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


def _gif(width: int, height: int) -> bytes:
    data = bytearray(encoded(scene(64, 48), "GIF"))
    frame = data.index(b"\x2c\0\0\0\0")
    for at in (6, frame + 5):
        data[at : at + 4] = struct.pack("<HH", width & 0xFFFF, height & 0xFFFF)
    return bytes(data)


def _bmp(width: int, height: int) -> bytes:
    data = bytearray(encoded(scene(64, 48), "BMP"))
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


def _jpeg(width: int, height: int) -> bytes:
    return _jpeg_of(encoded(scene(64, 48), "JPEG"), width, height)


def _progressive(width: int, height: int) -> bytes:
    return _jpeg_of(encoded(scene(64, 48), "JPEG", progressive=True), width, height)


def _jpeg_of(image: bytes, width: int, height: int) -> bytes:
    data = bytearray(image)
    frame = max(data.find(b"\xff\xc0\x00\x11"), data.find(b"\xff\xc2\x00\x11"))
    data[frame + 5 : frame + 9] = struct.pack(">HH", height & 0xFFFF, width & 0xFFFF)
    return bytes(data)


def _webp(width: int, height: int) -> bytes:
    """The canvas of an extended file is larger than its one frame."""
    data = bytearray(encoded(scene(64, 48), "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0"))
    assert data[12:16] == b"VP8X"
    data[24:30] = (max(width, 1) - 1).to_bytes(3, "little") + (max(height, 1) - 1).to_bytes(3, "little")
    return bytes(data)


def _lossless_webp(width: int, height: int) -> bytes:
    data = bytearray(encoded(scene(64, 48), "WEBP", lossless=True))
    bits = (max(width, 1) - 1 & 0x3FFF) | (max(height, 1) - 1 & 0x3FFF) << 14
    data[21:25] = struct.pack("<I", bits | data[24] >> 4 << 28)
    return bytes(data)


def _tiff(width: int, height: int) -> bytes:
    return _tiff_of(encoded(scene(64, 48), "TIFF"), width, height)


def _deflated_tiff(width: int, height: int) -> bytes:
    return _tiff_of(encoded(scene(64, 48), "TIFF", compression="tiff_adobe_deflate"), width, height)


def _tiff_of(image: bytes, width: int, height: int) -> bytes:
    data = bytearray(image)
    at = int(struct.unpack_from("<I", data, 4)[0]) + 2
    for entry in range(at, at + 24, 12):  # the two smallest tags are width and height
        value = width if struct.unpack_from("<H", data, entry)[0] == 256 else height
        data[entry + 2 : entry + 12] = struct.pack("<HII", 4, 1, value)
    return bytes(data)


def _avif(width: int, height: int) -> bytes:
    data = bytearray(encoded(scene(64, 48), "AVIF"))
    at = data.index(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", width, height)
    return bytes(data)


RESIZED: Final[Mapping[str, Resized]] = MappingProxyType(
    {
        "png": _png,
        "gif": _gif,
        "bmp": _bmp,
        "jpeg": _jpeg,
        "jpeg, progressive": _progressive,
        "webp": _webp,
        "webp, lossless": _lossless_webp,
        "tiff": _tiff,
        "tiff, deflated": _deflated_tiff,
        "avif": _avif,
    }
)
