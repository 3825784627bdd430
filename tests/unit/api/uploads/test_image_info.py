"""What is read from a header in pure Python: sizes and frames, whatever the bytes, and never for long."""

import struct
from collections.abc import Callable
from io import BytesIO

import pytest

from common.recipes.format_detection import detect_format
from common.recipes.formats import find_format
from services.api.http.problems import Problem
from services.api.uploads.image_info import (
    ImageInfo,
    ImageLimits,
    check,
    inspect,
)
from tests.support.images.drawings import encoded, scene
from tests.support.images.hostile import HOSTILE, damaged, many_frames_gif
from tests.support.images.samples import SOUND

LIMITS = ImageLimits(max_pixels=52_000_000, max_frames=250, max_total_pixels=250_000_000)
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP")


def look(data: bytes, format_name: str | None = None) -> ImageInfo:
    spec = find_format(format_name) if format_name else detect_format(data)
    assert spec is not None
    return inspect(BytesIO(data), spec, LIMITS)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_size_is_found_in_every_format(kind: str) -> None:
    found = look(encoded(scene(64, 48), kind))

    assert (found.width, found.height) == (64, 48)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
@pytest.mark.parametrize("frames", [1, 2, 5])
def test_frames_are_counted(kind: str, frames: int) -> None:
    pages = [scene(32, 24).rotate(30 * number) for number in range(1, frames)]
    data = encoded(scene(32, 24), kind, **({"save_all": True, "append_images": pages} if pages else {}))

    assert look(data).frames == frames


def test_a_gif_may_be_as_large_as_its_header_can_say() -> None:
    found = look(b"GIF89a" + b"\xff" * 4 + bytes(3) + b";")

    assert (found.width, found.height) == (65535, 65535)


def test_counting_ends_where_enough_is_found() -> None:
    assert look(many_frames_gif(10_000, 8)).frames == LIMITS.max_frames + 1


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_picture_passes(name: str) -> None:
    check(look(SOUND[name]().data), LIMITS)


@pytest.mark.parametrize(
    "name",
    [
        "png of 81 megapixels",
        "png of 400 megapixels",
        "gif of 401 frames",
        "gif of 100 frames of 25 megapixels",
    ],
)
def test_a_bomb_is_refused_with_the_number_and_the_limit(name: str) -> None:
    with pytest.raises(Problem, match=r"the picture has .*\d+ .*, \d+ is the limit") as caught:
        check(look(HOSTILE[name]().data), LIMITS)

    assert (caught.value.status, caught.value.code) == (422, "image_too_large")
    assert caught.value.members["limit"] in (52_000_000, 250, 250_000_000)


@pytest.mark.parametrize(
    "header, limit",
    [
        (ImageInfo(10, 11, None), 100),
        (ImageInfo(1, 1, 8), 7),
        (ImageInfo(10, 10, 3), 200),
    ],
)
def test_each_limit_is_kept_to_the_last_pixel_and_frame(header: ImageInfo, limit: int) -> None:
    limits = ImageLimits(max_pixels=100, max_frames=7, max_total_pixels=200)
    check(ImageInfo(10, 10, 2), limits)
    check(ImageInfo(None, None, None), limits)

    with pytest.raises(Problem) as caught:
        check(header, limits)

    assert caught.value.members == {"limit": limit}


@pytest.mark.parametrize("name", [name for name in SOUND if detect_format(SOUND[name]().data)])
def test_what_ends_too_early_is_never_an_exception(name: str) -> None:
    data = SOUND[name]().data
    spec = detect_format(data)
    assert spec is not None
    for length in [*range(64), *range(64, len(data), max(1, len(data) // 40))]:
        look(data[:length], spec.name)


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_damaged_is_never_an_exception(kind: str) -> None:
    data = encoded(scene(64, 48), kind)
    spec = detect_format(data)
    assert spec is not None
    for seed in range(200):
        look(damaged(data[:400], seed) + data[400:], spec.name)


PIECES: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "jpeg of empty segments": ("jpeg", lambda n: b"\xff\xd8" + b"\xff\xe0\x00\x02" * n),
    "jpeg of fill bytes": ("jpeg", lambda n: b"\xff\xd8" + b"\xff" * n),
    "gif of tiny blocks": ("gif", lambda n: b"GIF89a\1\0\1\0\0\0\0\x21\xfe" + b"\1a" * n),
    "png of empty chunks": ("png", lambda n: b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0tEXt\0\0\0\0" * n),
    "webp of empty chunks": ("webp", lambda n: b"RIFF\0\0\0\0WEBP" + b"XXXX\0\0\0\0" * n),
    "avif of empty boxes": (
        "avif",
        lambda n: struct.pack(">I", 20) + b"ftypavif" + bytes(8) + b"\0\0\0\x08free" * n,
    ),
}


class Counting(BytesIO):
    """Counts how often it is read."""

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        return super().read(size)


@pytest.mark.parametrize("kind", PIECES)
def test_a_file_in_a_million_pieces_is_not_read_to_its_end(kind: str) -> None:
    name, made = PIECES[kind]
    file = Counting(made(1_000_000))

    found = inspect(file, find_format(name), LIMITS)

    assert file.reads <= 500_000  # once for the size, once for the frames
    assert file.tell() < len(file.getvalue()), "it was read to its end"
    assert found.frames is None
