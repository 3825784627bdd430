"""Small files that cost much: pixels, frames, scans, text, profiles and directories without end."""

import struct
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from PIL import Image

from tests.security.resized_headers import RESIZED
from tests.support.images.drawings import encoded, scene
from tests.support.images.hostile import chunk, huge_png, many_frames_gif

_END: Final = chunk(b"IEND", b"")
_NOTHING: Final = 64 * 1024 * 1024  # zeros, which deflate to 64 kilobytes


def with_chunks(*chunks: bytes) -> bytes:
    """A small PNG with these chunks before its pixels."""
    data = encoded(scene(64, 48), "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def text_bomb(kind: bytes, count: int = 1) -> bytes:
    """A PNG whose compressed text (or profile) is a thousand times as long as the file."""
    deflated = zlib.compress(bytes(_NOTHING), 9)
    heads = {b"zTXt": b"Comment\0\0", b"iTXt": b"Comment\0\1\0\0\0", b"iCCP": b"icc\0\0"}
    return with_chunks(*[chunk(kind, heads[kind] + deflated)] * count)


def many_texts(count: int = 20_000) -> bytes:
    """A PNG of so many short texts."""
    return with_chunks(*[chunk(b"tEXt", b"key\0" + b"x" * 40)] * count)


def claimed_frames(frames: int = 2**31 - 1) -> bytes:
    """An APNG that claims to have two billion frames, and has one."""
    return with_chunks(chunk(b"acTL", struct.pack(">II", frames, 0)))


def many_scans(times: int = 400) -> bytes:
    """A progressive JPEG whose last scan comes again and again: each is decoded over all of the image."""
    data = encoded(scene(640, 480), "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    end = data.rindex(b"\xff\xd9")
    return data[:end] + data[start:end] * times + data[end:]


def many_webp_frames(frames: int = 5000) -> bytes:
    """An animated WebP whose one frame comes again and again."""
    pages = [scene(32, 24).rotate(180)]
    data = encoded(scene(32, 24), "WEBP", save_all=True, append_images=pages)
    at = data.rindex(b"ANMF")
    body = data[12:] + data[at:] * frames
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def looped_tiff() -> bytes:
    """A TIFF whose next page is the page itself."""
    data = bytearray(encoded(scene(64, 48), "TIFF"))
    at = int(struct.unpack_from("<I", data, 4)[0])
    entries = int(struct.unpack_from("<H", data, at)[0])
    struct.pack_into("<I", data, at + 2 + 12 * entries, at)
    return bytes(data)


def tags_tiff(count: int = 65_535) -> bytes:
    """A TIFF of as many tags as there can be, each with as many values as it can claim."""
    entry = struct.pack("<HHII", 0x9999, 3, 0x7FFFFFFF, 8)
    return b"II*\0" + struct.pack("<IH", 8, count) + entry * count + bytes(4)


def run_length_bmp(side: int = 30_000) -> bytes:
    """A BMP of run-length coding that ends at its first line: the rest is made up by the decoder."""
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, 0, 0, 0, 256, 0)
    palette = bytes(range(256)) * 4
    pixels = b"\xff\x00" * 200 + b"\0\1"
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + header + palette + pixels


def flat(kind: str, side: int = 8000, **options: object) -> bytes:
    """An image of 64 megapixels of one color."""
    return encoded(
        Image.new("L" if kind in ("PNG", "TIFF", "JPEG") else "RGB", (side, side)), kind, **options
    )


BOMBS: Final[Mapping[str, Callable[[], bytes]]] = MappingProxyType(
    {
        "png of 81 megapixels": huge_png,
        "png of 400 megapixels": lambda: huge_png(20_000),
        "png of a huge compressed text": lambda: text_bomb(b"zTXt"),
        "png of twenty huge compressed texts": lambda: text_bomb(b"zTXt", 20),
        "png of a huge compressed international text": lambda: text_bomb(b"iTXt"),
        "png of a huge compressed profile": lambda: text_bomb(b"iCCP"),
        "png of twenty thousand texts": many_texts,
        "png that claims two billion frames": claimed_frames,
        "gif of 401 frames": many_frames_gif,
        "gif of 250 frames of 25 megapixels": lambda: many_frames_gif(250, 5000),
        "gif of 200000 frames": lambda: many_frames_gif(200_000, 16),
        "webp of 5000 frames": many_webp_frames,
        "webp of 64 megapixels": lambda: flat("WEBP", lossless=True, method=0),
        "tiff of 64 megapixels": lambda: flat("TIFF", compression="tiff_adobe_deflate"),
        "tiff that is its own next page": looped_tiff,
        "tiff of 65535 tags": tags_tiff,
        "jpeg of 64 megapixels": lambda: flat("JPEG"),
        "jpeg of 400 scans": many_scans,
        "bmp of 900 megapixels": run_length_bmp,
        **{
            f"{name} that claims 65535 x 65535": partial(made, 65535, 65535) for name, made in RESIZED.items()
        },
    }
)
