"""Every hostile file there is a name for: bombs, absurd headers, polyglots, truncations, flipped bits, bad metadata."""

import struct
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from types import MappingProxyType
from typing import Final

from PIL import Image

from tests.security.bombs import BOMBS, with_chunks
from tests.security.mutations import bases
from tests.security.resized_headers import RESIZED
from tests.support.images import icc
from tests.support.images.drawings import encoded, scene
from tests.support.images.hostile import HOSTILE, chunk, zipped

MARK: Final = b"<script>stolen()</script>"
"""What an attacker hides in an image; it must be in nothing that is served but the original."""
PAGE: Final = b"<!doctype html><html><body>" + MARK + b"</body></html>"
_SIDES: Final = ((65535, 1), (1, 65535), (0, 0), (0, 48), (64, 0), (65535, 65535))
_SMALL: Final = scene(64, 48)

Maker = Callable[[], bytes]


def _truncated(name: str, tenth: int) -> bytes:
    data = bases()[name]
    return data[: len(data) * tenth // 10]


def _flipped(name: str, seed: int) -> bytes:
    random, data = Random(seed), bytearray(bases()[name])
    for _ in range(6):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(data)


def _exif(block: bytes) -> bytes:
    return encoded(_SMALL.copy(), "JPEG", exif=b"Exif\0\0" + block)


def _directory(*entries: tuple[int, int, int, int], after: int = 0) -> bytes:
    """One directory of EXIF: (tag, type, count, value)."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + struct.pack("<I", after)


def _gif_with_page() -> bytes:
    """A GIF that is JavaScript as well: the width is the beginning of a comment that ends behind the image."""
    data = encoded(_SMALL.copy(), "GIF")
    return data[:-1] + b"\x21\xfe" + bytes([len(MARK)]) + MARK + b"\0;*/=1;" + MARK


def _polyglots() -> dict[str, Maker]:
    return {
        "gif with a page behind it": lambda: encoded(_SMALL.copy(), "GIF") + PAGE,
        "gif with a script in a comment": _gif_with_page,
        "jpeg with an archive behind it": lambda: encoded(_SMALL.copy(), "JPEG") + MARK + zipped(),
        "jpeg with a page for a comment": lambda: encoded(_SMALL.copy(), "JPEG", comment=PAGE),
        "jpeg with PHP in its EXIF": lambda: _exif(
            _directory((0x10E, 2, 60, 26)) + b"<?php system(); ?>" + MARK
        ),
        "png with a page behind it": lambda: encoded(_SMALL.copy(), "PNG") + PAGE,
        "png with a page for a text": lambda: with_chunks(chunk(b"tEXt", b"Comment\0" + PAGE)),
        "png with an unknown chunk": lambda: with_chunks(chunk(b"prVt", PAGE)),
        "webp with a page behind it": lambda: encoded(_SMALL.copy(), "WEBP") + PAGE,
        "bmp with a page behind it": lambda: encoded(_SMALL.copy(), "BMP") + PAGE,
        "tiff with a page behind it": lambda: encoded(_SMALL.copy(), "TIFF") + PAGE,
        "avif with a page behind it": lambda: encoded(_SMALL.copy(), "AVIF") + PAGE,
        "jpeg with an image behind it": lambda: (
            encoded(_SMALL.copy(), "JPEG") + encoded(_SMALL.copy(), "PNG") + MARK
        ),
    }


def _metadata() -> dict[str, Maker]:
    profile = icc.rgb_profile()
    return {
        "exif that is its own next directory": lambda: _exif(_directory((0x112, 3, 1, 6), after=8)),
        "exif that is its own subdirectory": lambda: _exif(_directory((0x8769, 4, 1, 8), (0x8825, 4, 1, 8))),
        "exif of four billion values": lambda: _exif(
            _directory((0x10F, 2, 0xFFFFFFFF, 0), (0x112, 3, 0xFFFFFFFF, 0))
        ),
        "exif of a number beyond all turns": lambda: _exif(_directory((0x112, 3, 1, 0xFFFF))),
        "exif that points outside": lambda: _exif(_directory((0x10F, 2, 9999, 0x7FFFFFFF), after=0x7FFFFFFF)),
        "exif of 65535 tags": lambda: _exif(b"II*\0" + struct.pack("<IH", 8, 0xFFFF) + b"\xff" * 60_000),
        "exif with an image's image": lambda: _exif(
            _directory((0x201, 4, 1, 80), (0x202, 4, 1, 900)) + encoded(_SMALL.copy(), "JPEG")
        ),
        "exif of noise": lambda: _exif(Random(1).randbytes(5000)),
        "profile of noise": lambda: encoded(_SMALL.copy(), "JPEG", icc_profile=Random(2).randbytes(40_000)),
        "profile of zeros": lambda: encoded(_SMALL.copy(), "PNG", icc_profile=bytes(10_000)),
        "profile cut in half": lambda: encoded(
            _SMALL.copy(), "JPEG", icc_profile=profile[: len(profile) // 2]
        ),
        "profile that claims to be endless": lambda: encoded(
            _SMALL.copy(), "JPEG", icc_profile=b"\xff\xff\xff\xff" + profile[4:]
        ),
        "profile of a million tags": lambda: encoded(
            _SMALL.copy(), "PNG", icc_profile=profile[:128] + struct.pack(">I", 1_000_000) + bytes(12) * 1000
        ),
        "profile of five megabytes": lambda: encoded(
            _SMALL.copy(), "PNG", icc_profile=profile + bytes(5_000_000)
        ),
        **{f"profile with flipped bits {seed}": partial(_flipped_profile, seed) for seed in range(10)},
        "text that is no deflate": lambda: with_chunks(
            chunk(b"zTXt", b"Comment\0\0" + Random(3).randbytes(500))
        ),
        "text of an unknown method": lambda: with_chunks(
            chunk(b"zTXt", b"Comment\0\x09" + zlib.compress(b"x"))
        ),
        "text without an end": lambda: with_chunks(chunk(b"iTXt", b"Comment")),
        "text that claims two gigabytes": lambda: with_chunks(struct.pack(">I", 0x7FFFFFFF) + b"tEXt"),
        "gamma of nothing": lambda: with_chunks(chunk(b"gAMA", bytes(4)), chunk(b"cHRM", bytes(32))),
        "palette in an image of colors": lambda: with_chunks(chunk(b"PLTE", bytes(3 * 300))),
        "second header": lambda: with_chunks(
            chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
        ),
    }


def _flipped_profile(seed: int) -> bytes:
    random, profile = Random(seed), bytearray(icc.rgb_profile())
    for _ in range(8):
        profile[random.randrange(128, len(profile))] ^= 1 << random.randrange(8)
    return encoded(_SMALL.copy(), "JPEG", icc_profile=bytes(profile))


def _nested() -> dict[str, Maker]:
    """Images within images, and boxes within boxes."""

    def boxes() -> bytes:
        inner = b""
        for _ in range(5000):
            inner = struct.pack(">I", len(inner) + 12) + b"meta" + bytes(4) + inner
        return struct.pack(">I", 20) + b"ftypavif" + bytes(8) + inner

    def images() -> bytes:
        inner = encoded(Image.new("RGB", (16, 16)), "JPEG")
        for _ in range(20):
            inner = encoded(Image.new("RGB", (16, 16)), "JPEG", comment=inner[:60_000])
        return inner

    def directories() -> bytes:
        at, data = 8, b"II*\0" + struct.pack("<I", 8)
        for _ in range(2000):
            at += 18
            data += struct.pack("<HHHIII", 1, 0x14A, 4, 1, at, 0)
        return data

    return {
        "avif of 5000 boxes": boxes,
        "jpeg of twenty jpegs": images,
        "tiff of 2000 directories": directories,
    }


def corpus() -> Mapping[str, Maker]:
    """All of them, by name; each is made when it is asked for."""
    stated = {name: lambda make=make: make().data for name, make in HOSTILE.items()}
    made: dict[str, Maker] = {f"hostile: {name}": make for name, make in stated.items()}
    made |= {f"bomb: {name}": make for name, make in BOMBS.items()}
    for name, make in RESIZED.items():
        made |= {f"{name} of {width} x {height}": partial(make, width, height) for width, height in _SIDES}
    for name in bases():
        made |= {f"{name} cut at {tenth}0%": partial(_truncated, name, tenth) for tenth in range(1, 10)}
        made |= {f"{name} with flipped bits {seed}": partial(_flipped, name, seed) for seed in range(6)}
    made |= _metadata() | _nested() | {f"polyglot: {name}": make for name, make in _polyglots().items()}
    return MappingProxyType(made)


NAMES: Final = (
    "photo.jpg",
    "page.html",
    "a.svg",
    "../../../etc/passwd",
    "x" * 300 + ".png",
    "a\u202egpj.exe",
    "",
)
"""File names to send them under: the wrong extension is the rule."""
