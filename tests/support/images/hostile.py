"""Files that must be refused, each with the code of the error that says why."""

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from random import Random
from types import MappingProxyType
from typing import Final
from zipfile import ZipFile

from PIL import Image

from tests.support.images.drawings import encoded, photograph, scene


@dataclass(frozen=True)
class Hostile:
    """A file that is no image, a damaged or an oversized one; `code` is that of the error it must end in."""

    data: bytes
    code: str


def huge_png(side: int = 9000) -> bytes:
    """A PNG of `side` x `side` black pixels: at 9000, 81 megapixels in ten kilobytes."""
    return png((side, side), depth=1, color=0, rows=bytes(side * (1 + (side + 7) // 8)))


def png(size: tuple[int, int], *, depth: int, color: int, rows: bytes) -> bytes:
    """A PNG of raw `rows`, each with its filter byte, for kinds that Pillow does not write."""
    header = struct.pack(">IIBBBBB", *size, depth, color, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in chunks)


def many_frames_gif(frames: int = 401, side: int = 1024) -> bytes:
    """An animated GIF of a few kilobytes whose every frame takes `side` x `side` pixels once decoded."""
    head = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return head + frame * frames + b";"


def far_frames_gif(frames: int = 250, left: int = 5000, top: int = 5000) -> bytes:
    """A GIF of 1 x 1 pixel whose frames of 3 x 1 lie far outside."""
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", left, top, 3, 1, 0) + b"\x02\x02\x44\x01\x00"
    return (
        head
        + b"\x2c"
        + struct.pack("<HHHHB", 0, 0, 1, 1, 0)
        + b"\x02\x02\x44\x01\x00"
        + frame * (frames - 1)
        + b";"
    )


def many_scans(empty: int = 20_000) -> bytes:
    """A progressive JPEG with so many scans more, of a few bytes each, than it needs."""
    data = encoded(Image.new("L", (640, 480), 128), "JPEG", progressive=True)
    scan, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:end] + data[scan:end] * empty + data[end:]


def small_boxes(kind: str, width: int, height: int) -> bytes:
    """A HEIC or AVIF whose boxes say 8 x 8 pixels, and whose bitstream says more."""
    data = encoded(Image.new("RGB", (width, height), "teal"), kind)
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", 8, 8) + data[at + 8 :]


def tagged_tiff(kind: int, count: int, length: int) -> bytes:
    """A TIFF with XMP that claims `count` values of a kind, and so many bytes behind its end."""
    data = encoded(scene(64, 48), "TIFF", tiffinfo={700: b"x" * 100})
    at = next(at for each in (1, 7) if (at := data.find(struct.pack("<HH", 700, each))) > 0)
    return data[:at] + struct.pack("<HHII", 700, kind, count, len(data)) + data[at + 12 :] + b"x" * length


def wide_float_tiff() -> bytes:
    """A TIFF of floating point numbers of 64 bits: sound, and of a kind that is not taken."""
    data = encoded(Image.new("F", (16, 8), 0.5), "TIFF")
    at = data.index(struct.pack("<HHI", 258, 3, 1)) + 8
    return data[:at] + struct.pack("<H", 64) + data[at + 2 :] + bytes(16 * 8 * 4)


def huge_box(kind: str, side: int = 20000) -> bytes:
    """A HEIC or AVIF whose header says `side` x `side` pixels."""
    data = encoded(scene(640, 480), kind)
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", side, side) + data[at + 8 :]


def many_frames_webp(frames: int = 300) -> bytes:
    """An animated WebP of so many frames, two of them written and the last repeated."""
    data = encoded(scene(32, 24), "WEBP", save_all=True, append_images=[scene(32, 24).rotate(180)])
    body = data[12:] + data[data.rindex(b"ANMF") :] * (frames - 2)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def zipped() -> bytes:
    """A ZIP archive, such as a document of an office suite."""
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "<document/>")
    return file.getvalue()


def damaged(data: bytes, seed: int, changes: int = 12) -> bytes:
    """The file with some of its bytes changed; which ones, the seed says."""
    random, result = Random(seed), bytearray(data)
    for _ in range(changes):
        result[random.randrange(len(result))] = random.randrange(256)
    return bytes(result[: random.randrange(1, len(result))] if random.random() < 0.3 else result)


def chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a PNG, with its length and checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _of(data: bytes, code: str) -> Callable[[], Hostile]:
    return lambda: Hostile(data, code)


HOSTILE: Final[Mapping[str, Callable[[], Hostile]]] = MappingProxyType(
    {
        "empty": _of(b"", "corrupt_image"),
        "text": _of(b"This is not an image.\n" * 40, "unsupported_format"),
        "html": _of(b"<!doctype html><script>alert(1)</script>", "unsupported_format"),
        "svg": _of(b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>', "unsupported_format"),
        "pdf": _of(b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n", "unsupported_format"),
        "eps": _of(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "unsupported_format"),
        "zip": lambda: Hostile(zipped(), "unsupported_format"),
        "zeros": _of(bytes(4096), "unsupported_format"),
        "noise": lambda: Hostile(Random(3).randbytes(4096), "unsupported_format"),
        "jpeg 2000": lambda: Hostile(encoded(scene(64, 48), "JPEG2000"), "unsupported_format"),
        "ico": lambda: Hostile(encoded(scene(64, 48), "ICO"), "unsupported_format"),
        "pcx": lambda: Hostile(encoded(scene(64, 48), "PCX"), "unsupported_format"),
        "jpeg magic only": _of(b"\xff\xd8\xff", "corrupt_image"),
        "jpeg header only": lambda: Hostile(photograph()[:200], "corrupt_image"),
        "jpeg truncated": lambda: Hostile(_half(photograph()), "corrupt_image"),
        "jpeg progressive truncated": lambda: Hostile(
            _half(encoded(scene(), "JPEG", progressive=True)), "corrupt_image"
        ),
        "jpeg then noise": lambda: Hostile(b"\xff\xd8\xff\xe0" + Random(5).randbytes(4096), "corrupt_image"),
        "png magic only": _of(b"\x89PNG\r\n\x1a\n", "corrupt_image"),
        "png truncated": lambda: Hostile(_half(encoded(scene(), "PNG")), "corrupt_image"),
        "png without pixels": lambda: Hostile(png((8, 8), depth=8, color=2, rows=b""), "corrupt_image"),
        "webp truncated": lambda: Hostile(_half(encoded(scene(), "WEBP")), "corrupt_image"),
        "gif truncated": lambda: Hostile(_half(encoded(scene(), "GIF")), "corrupt_image"),
        "tiff truncated": lambda: Hostile(_half(encoded(scene(), "TIFF")), "corrupt_image"),
        "bmp truncated": lambda: Hostile(_half(encoded(scene(), "BMP")), "corrupt_image"),
        "avif truncated": lambda: Hostile(_half(encoded(scene(64, 48), "AVIF")), "corrupt_image"),
        "png of 81 megapixels": lambda: Hostile(huge_png(), "image_too_large"),
        "png of 400 megapixels": lambda: Hostile(huge_png(20000), "image_too_large"),
        "gif of 401 frames": lambda: Hostile(many_frames_gif(), "image_too_large"),
        "gif of 100 frames of 25 megapixels": lambda: Hostile(many_frames_gif(100, 5000), "image_too_large"),
        "heic of 400 megapixels": lambda: Hostile(huge_box("HEIF"), "image_too_large"),
        "gif of frames far outside": lambda: Hostile(far_frames_gif(), "image_too_large"),
        "jpeg of 20000 empty scans": lambda: Hostile(many_scans(), "image_too_complex"),
        "jpeg of 62000 empty segments": lambda: Hostile(
            b"\xff\xd8" + b"\xff\xe0\x00\x02" * 62_000 + photograph()[2:], "image_too_complex"
        ),
        "tiff of a million numbers in a tag": lambda: Hostile(
            tagged_tiff(3, 1_000_000, 2_000_000), "image_too_complex"
        ),
        "tiff of 64-bit numbers": lambda: Hostile(wide_float_tiff(), "unsupported_format"),
        "heic truncated": lambda: Hostile(_half(encoded(scene(64, 48), "HEIF")), "corrupt_image"),
        "avif of 400 megapixels": lambda: Hostile(huge_box("AVIF"), "image_too_large"),
        "webp of 300 frames": lambda: Hostile(many_frames_webp(), "image_too_large"),
        "tiff of 300 pages": lambda: Hostile(
            encoded(scene(8, 8), "TIFF", save_all=True, append_images=[scene(8, 8)] * 299), "image_too_large"
        ),
    }
)
