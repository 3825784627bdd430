"""Small sound files of every kind, and every way to damage them by chance: the seed says which."""

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any, Final

from tests.security.resized_headers import RESIZED
from tests.support.images import icc
from tests.support.images.drawings import (
    encoded,
    exif,
    scene,
    with_hole,
)

_NUMBERS: Final = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@cache
def bases() -> dict[str, bytes]:
    """The files that are damaged, by what they are."""
    small, clear = scene(96, 72), with_hole(scene(96, 72))
    profile = icc.rgb_profile()

    def frames() -> dict[str, Any]:
        return {"save_all": True, "append_images": [small.rotate(90), small.rotate(180)]}

    # Copies, and frames of each one's own: Pillow leaves on an image what it was last saved with.
    return {
        "jpeg": encoded(small.copy(), "JPEG", exif=exif(6), icc_profile=profile, comment=b"x"),
        "jpeg, progressive": encoded(small.copy(), "JPEG", progressive=True, quality=95),
        "jpeg, cmyk": encoded(small.convert("CMYK"), "JPEG", icc_profile=icc.cmyk_profile()),
        "jpeg, gray": encoded(small.convert("L"), "JPEG", icc_profile=icc.gray_profile(1.8)),
        "jpeg, multi-picture": encoded(small.copy(), "MPO", **frames()),
        "png": encoded(small.copy(), "PNG", exif=exif(3), icc_profile=profile),
        "png, palette": encoded(small.quantize(64), "PNG", transparency=3),
        "png, transparent": encoded(clear, "PNG"),
        "png, animated": encoded(small.copy(), "PNG", **frames()),
        "gif": encoded(small.copy(), "GIF"),
        "gif, animated": encoded(small.copy(), "GIF", **frames()),
        "webp": encoded(small.copy(), "WEBP", exif=exif(5), icc_profile=profile),
        "webp, lossless": encoded(clear, "WEBP", lossless=True),
        "webp, animated": encoded(small.copy(), "WEBP", **frames()),
        "tiff": encoded(small.copy(), "TIFF", exif=exif(7)),
        "tiff, lzw": encoded(small.copy(), "TIFF", compression="tiff_lzw"),
        "tiff, deflated": encoded(small.copy(), "TIFF", compression="tiff_adobe_deflate"),
        "tiff, jpeg": encoded(small.copy(), "TIFF", compression="jpeg"),
        "tiff, packed": encoded(small.convert("1"), "TIFF", compression="group4"),
        "tiff, pages": encoded(small.copy(), "TIFF", **frames()),
        "bmp": encoded(small.copy(), "BMP"),
        "bmp, palette": encoded(small.quantize(16), "BMP"),
        "avif": encoded(small.copy(), "AVIF", exif=exif(8), icc_profile=profile),
        "avif, animated": encoded(small.copy(), "AVIF", **frames()),
    }


def _bytes(random: Random, data: bytearray, reach: int) -> bytearray:
    for _ in range(random.choice((1, 2, 4, 16))):
        data[random.randrange(min(reach, len(data)))] = random.randrange(256)
    return data


def changed(random: Random, data: bytearray) -> bytearray:
    return _bytes(random, data, len(data))


def changed_head(random: Random, data: bytearray) -> bytearray:
    return _bytes(random, data, 128)


def flipped(random: Random, data: bytearray) -> bytearray:
    for _ in range(random.choice((1, 8, 64))):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return data


def numbered(random: Random, data: bytearray) -> bytearray:
    """A number on the edge of its type, somewhere in the first kilobyte."""
    size, order = random.choice((1, 2, 4)), random.choice(("little", "big"))
    at = random.randrange(min(1024, len(data)))
    value = random.choice(_NUMBERS) & ((1 << 8 * size) - 1)
    data[at : at + size] = value.to_bytes(size, "little" if order == "little" else "big")
    return data


def truncated(random: Random, data: bytearray) -> bytearray:
    return data[: random.randrange(1, len(data))]


def cut(random: Random, data: bytearray) -> bytearray:
    at = random.randrange(len(data))
    del data[at : at + random.randrange(1, 200)]
    return data


def doubled(random: Random, data: bytearray) -> bytearray:
    at = random.randrange(len(data))
    data[at:at] = data[at : at + random.randrange(1, 400)] * random.choice((1, 3, 200))
    return data


def filled(random: Random, data: bytearray) -> bytearray:
    at = random.randrange(12, len(data))
    data[at:at] = random.randbytes(random.randrange(1, 400))
    return data


def spliced(random: Random, data: bytearray) -> bytearray:
    other = bytearray(random.choice(list(bases().values())))
    return data[: random.randrange(len(data))] + other[random.randrange(len(other)) :]


def resized(random: Random, _: bytearray) -> bytearray:
    sides = (0, 1, 3, 255, 7000, 16384, 32768, 65535)
    return bytearray(random.choice(list(RESIZED.values()))(random.choice(sides), random.choice(sides)))


def untouched(_: Random, data: bytearray) -> bytearray:
    return data


WAYS: Final[tuple[Callable[[Random, bytearray], bytearray], ...]] = (
    changed, changed, changed_head, changed_head, flipped, numbered, numbered, truncated, cut, doubled, filled,
    spliced, resized, untouched,
)  # fmt: skip


def mutated(seed: int) -> tuple[str, bytes]:
    """A damaged file and what it is made of, always the same for a seed."""
    random = Random(seed)
    name = random.choice(list(bases()))
    data, done = bytearray(bases()[name]), []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        way = random.choice(WAYS)
        data = way(random, data) or bytearray(b"x")
        done.append(way.__name__)
    return f"{name}: {', '.join(done)}", bytes(data)
