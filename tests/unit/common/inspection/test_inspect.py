"""What is read from a header in pure Python: sizes and frames, whatever the bytes, and never for long."""

import struct
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO

import pytest

from common.errors import ImageTooComplexError, ImageTooLargeError
from common.formats.format_detection import detect_format
from common.formats.format_specs import find_format, input_formats
from common.inspection.inspect import INSPECTORS, inspect_image
from common.inspection.limits import MAX_SCANS, ImageInfo, ImageLimits, check_limits
from tests.support.images.drawings import encoded, scene
from tests.support.images.hostile import (
    HOSTILE,
    damaged,
    far_frames_gif,
    many_frames_gif,
    many_scans,
    small_boxes,
    tagged_tiff,
)
from tests.support.images.samples import SOUND

LIMITS = ImageLimits()
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "HEIF")


def look(data: bytes, format_name: str | None = None) -> ImageInfo:
    spec = find_format(format_name) if format_name else detect_format(data)
    assert spec is not None
    return inspect_image(BytesIO(data), spec, LIMITS)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_size_is_found_in_every_format(kind: str) -> None:
    found = look(encoded(scene(128, 64), kind))

    assert (found.width, found.height) == (128, 64)
    assert not found.damaged


def test_every_format_that_is_taken_is_inspected() -> None:
    assert {spec.name for spec in input_formats()} == set(INSPECTORS)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
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
def test_a_sound_image_passes(name: str) -> None:
    check_limits(look(SOUND[name]().data), LIMITS)


@pytest.mark.parametrize(
    "name",
    [
        "png of 81 megapixels",
        "png of 400 megapixels",
        "gif of 401 frames",
        "gif of 100 frames of 25 megapixels",
        "gif of frames far outside",
        "tiff of 300 pages",
        "webp of 300 frames",
        "heic of 400 megapixels",
    ],
)
def test_a_bomb_is_refused_with_the_number_and_the_limit(name: str) -> None:
    with pytest.raises(ImageTooLargeError, match=r"the image has .*\d+ .*, \d+ is the limit") as caught:
        check_limits(look(HOSTILE[name]().data), LIMITS)

    assert caught.value.limit in (52_000_000, 250, 250_000_000)


@pytest.mark.parametrize(
    "info, limit",
    [
        (ImageInfo(width=10, height=11), 100),
        (ImageInfo(width=1, height=1, decoded_pixels=101), 100),
        (ImageInfo(width=1, height=1, frames=8), 7),
        (ImageInfo(width=1, height=1, pages=8), 7),
        (ImageInfo(width=10, height=10, frames=3), 200),
        (ImageInfo(width=1, height=1, decoded_pixels=100, frames=3), 200),
    ],
)
def test_each_limit_is_kept_to_the_last_pixel_and_frame(info: ImageInfo, limit: int) -> None:
    limits = ImageLimits(max_pixels=100, max_frames=7, max_total_pixels=200)
    check_limits(ImageInfo(width=10, height=10, frames=2, scans=MAX_SCANS, decoded_pixels=100), limits)
    check_limits(ImageInfo(pages=7), limits)

    with pytest.raises(ImageTooLargeError) as caught:
        check_limits(info, limits)

    assert caught.value.limit == limit


@pytest.mark.parametrize("empty, scans", [(0, 6), (94, 100), (95, 101), (20_000, 101)])
def test_the_scans_of_a_jpeg_are_counted_up_to_one_too_many(empty: int, scans: int) -> None:
    found = look(many_scans(empty))

    assert found.scans == scans
    if scans <= MAX_SCANS:
        check_limits(found, LIMITS)
    else:
        with pytest.raises(ImageTooComplexError, match="more than 100 scans"):
            check_limits(found, LIMITS)


def test_what_looks_like_a_scan_in_other_segments_is_none() -> None:
    comment = b"\xff\xda\xff\xd9" * 1000
    data = encoded(scene(64, 48), "JPEG", comment=comment)
    assert look(data).scans == 1


def test_a_gif_s_canvas_holds_every_frame() -> None:
    found = look(far_frames_gif(frames=3, left=5000, top=2000))
    assert (found.width, found.height, found.frames) == (5003, 2001, 3)


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_the_bitstream_is_asked_what_it_decodes_to(kind: str) -> None:
    data = small_boxes(kind, 640, 480)
    found = look(data)
    assert (found.width, found.height, found.decoded_pixels) == (8, 8, 640 * 480)
    with pytest.raises(ImageTooLargeError, match="307200 pixels"):
        check_limits(found, ImageLimits(max_pixels=300_000))


def test_every_sample_of_a_sequence_is_asked() -> None:
    frames = [scene(320, 240).rotate(30 * number) for number in range(1, 5)]
    found = look(encoded(scene(320, 240), "AVIF", save_all=True, append_images=frames))
    assert (found.frames, found.decoded_pixels) == (5, 320 * 240)


def test_a_tile_may_be_no_larger_than_an_image() -> None:
    data = bytearray(encoded(scene(64, 48), "TIFF"))
    for tag, tile_tag in ((278, 322), (284, 323)):  # rows a strip and planes become a tile's sides
        at = next(at for kind in (3, 4) if (at := data.find(struct.pack("<HHI", tag, kind, 1))) > 0)
        data[at : at + 12] = struct.pack("<HHII", tile_tag, 4, 1, 16_000)
    with pytest.raises(ImageTooLargeError, match="256000000 pixels"):
        check_limits(look(bytes(data)), LIMITS)


@pytest.mark.parametrize(
    "kind, count, refused",
    [(3, 500_001, "numbers"), (3, 400_000, None), (1, 1_000_000, None), (1, 2**31, "bytes")],
)
def test_a_tiff_s_tags_hold_no_more_than_it_has_and_images_need(
    kind: int, count: int, refused: str | None
) -> None:
    data = tagged_tiff(kind, count, length=1_100_000)
    if refused is None:
        assert look(data).width == 64
    else:
        with pytest.raises(ImageTooComplexError, match=refused):
            look(data)


@pytest.mark.parametrize("name", [name for name in SOUND if detect_format(SOUND[name]().data)])
def test_what_ends_too_early_is_never_an_exception(name: str) -> None:
    data = SOUND[name]().data
    spec = detect_format(data)
    assert spec is not None
    for length in [*range(64), *range(64, len(data), max(1, len(data) // 40))]:
        look(data[:length], spec.name)


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_damaged_is_no_exception(kind: str) -> None:
    data = encoded(scene(64, 48), kind)
    spec = detect_format(data)
    assert spec is not None
    for seed in range(200):
        with suppress(ImageTooComplexError):  # which it may claim to be
            look(damaged(data[:400], seed) + data[400:], spec.name)


PIECES: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "jpeg of empty segments": ("jpeg", lambda n: b"\xff\xd8" + b"\xff\xe0\x00\x02" * n),
    "jpeg of fill bytes": ("jpeg", lambda n: b"\xff\xd8" + b"\xff" * (4 * n)),
    "gif of tiny blocks": ("gif", lambda n: b"GIF89a\1\0\1\0\0\0\0\x21\xfe" + b"\1a" * n),
    "png of empty chunks": ("png", lambda n: b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0tEXt\0\0\0\0" * n),
    "webp of empty chunks": ("webp", lambda n: b"RIFF\0\0\0\0WEBP" + b"XXXX\0\0\0\0" * n),
    "heic of empty boxes": (
        "heic",
        lambda n: struct.pack(">I", 20) + b"ftypheic" + bytes(8) + b"\0\0\0\x08free" * n,
    ),
    "jpeg of restarts": ("jpeg", lambda n: b"\xff\xd8" + b"\xff\xd0" * (4 * n)),
    "avif of empty boxes": (
        "avif",
        lambda n: struct.pack(">I", 20) + b"ftypavif" + bytes(8) + b"\0\0\0\x08free" * n,
    ),
}


class Counting(BytesIO):
    """Counts how often it is read, and how much."""

    reads = size = 0

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        data = super().read(size)
        self.size += len(data)
        return data


@pytest.mark.parametrize("kind", PIECES)
def test_a_file_in_a_million_pieces_is_refused_before_its_end(kind: str) -> None:
    name, made = PIECES[kind]
    file = Counting(made(1_000_000))

    with pytest.raises(ImageTooComplexError, match="the file is in more than") as caught:
        inspect_image(file, find_format(name), LIMITS)

    assert caught.value.limit is not None
    assert file.reads <= 2 * caught.value.limit
    assert file.size < len(file.getvalue()), "it was read to its end"


def test_more_bytes_may_be_in_more_pieces() -> None:
    """A GIF of many megabytes is in a hundred thousand blocks, as every encoder writes it."""
    blocks = (b"\xff" + bytes(255)) * 100_000 + b"\0"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2"
    assert look(b"GIF89a\1\0\1\0\0\0\0" + frame + blocks + frame + b"\0;").frames == 2
