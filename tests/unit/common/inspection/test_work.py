"""The work of an inspection is bounded by the file's length, whatever its structure asks for."""

import struct
import sys
from collections.abc import Callable
from io import BytesIO
from random import Random

import pytest
from PIL import Image

from common.errors import ImageTooComplexError, ImageTooLargeError
from common.formats.format_detection import detect_format
from common.inspection.inspect import inspect_image
from common.inspection.limits import MAX_SCANS, ImageInfo, ImageLimits, check_limits
from common.inspection.piece_reader import PieceReader
from tests.support.images.complex_files import (
    configurations,
    empty_extents,
    heif,
    hidden_frames,
    hidden_scans,
    large_alpha,
    layers,
    looped_directory,
    many_runs,
    references,
    repeated_sources,
    scattered_units,
    types,
    wide_locations,
)
from tests.support.images.drawings import encoded, scene

LIMITS = ImageLimits()
MOST_CALLS = 1_000_000  # of functions, of Python's and built-in ones; each of these files once took many more


def look(data: bytes) -> ImageInfo:
    spec = detect_format(data)
    assert spec is not None
    return inspect_image(BytesIO(data), spec, LIMITS)


def looked_cheaply(data: bytes) -> ImageInfo:
    """What was found, with no more than so many calls."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}
        assert calls <= MOST_CALLS, "the inspection went on and on"

    sys.setprofile(count)
    try:
        return look(data)
    finally:
        sys.setprofile(None)


COMPLEX: dict[str, tuple[Callable[[], bytes], str]] = {
    "an item of 65535 empty extents": (lambda: empty_extents(20), "65535 extents, 64 is the limit"),
    "sources named by a hundred boxes": (lambda: repeated_sources(100), "5000 sources, 4096 is the limit"),
    "a property associated 2000 times": (lambda: configurations(10, 2000), "properties, 255 is the limit"),
    "a million units of no length": (lambda: configurations(1_000_000, 1), "more than"),
    "a chain of derivations": (lambda: layers(1, 20), "derived more than 8 times"),
}


@pytest.mark.parametrize("name", COMPLEX)
def test_what_no_image_needs_is_refused_early(name: str) -> None:
    made, message = COMPLEX[name]
    with pytest.raises(ImageTooComplexError, match=message):
        looked_cheaply(made())


CHEAP: dict[str, Callable[[], bytes]] = {
    "empty extents of items that are not decoded": lambda: empty_extents(1000, b"Exif"),
    "items in layers of sixty": lambda: layers(60, 5),
    "a property of 20000 units that is associated 255 times": lambda: configurations(20_000, 255),
    "four thousand units in 64 extents": lambda: scattered_units(64, 4_000),
    "a thousand chunks in as many runs": lambda: many_runs(40),
}


@pytest.mark.parametrize("name", CHEAP)
def test_what_is_named_often_is_read_once(name: str) -> None:
    found = looked_cheaply(CHEAP[name]())

    assert not found.damaged


def test_an_item_made_of_itself_is_damaged() -> None:
    found = looked_cheaply(heif(references(b"dimg", {item: list(range(1, 111)) for item in range(1, 111)})))

    assert found.damaged


def test_a_directory_that_is_its_own_next_ends_the_pages() -> None:
    found = looked_cheaply(looped_directory(60_000))

    assert (found.width, found.height, found.pages) == (64, 48, 1)


def test_an_end_of_image_in_a_comment_ends_no_image() -> None:
    assert looked_cheaply(hidden_scans(10)).scans == 10 + 10
    with pytest.raises(ImageTooComplexError, match=f"more than {MAX_SCANS} scans"):
        check_limits(looked_cheaply(hidden_scans(300)), LIMITS)


def test_an_inspection_ends_after_a_second_of_its_thread() -> None:
    seconds = iter(range(100))
    reader = PieceReader(BytesIO(bytes(1 << 22)), frames=250, clock=lambda: float(next(seconds)))

    def read_on() -> None:
        for _ in range(4_000):
            reader.spend()

    with pytest.raises(ImageTooComplexError, match="longer than 1 s"):
        read_on()


def test_time_does_not_count_while_the_work_is_little() -> None:
    seconds = iter([0.0, 1000.0])
    reader = PieceReader(BytesIO(), frames=0, clock=lambda: next(seconds))

    for _ in range(1_000):
        reader.step()
    assert next(seconds) == 1000.0, "the clock was asked"


@pytest.mark.parametrize("junk", [b"\0", b"abc" * 1000, b"!\xf9\0\0"])
def test_frames_behind_bytes_that_belong_to_no_block_are_counted(junk: bytes) -> None:
    found = looked_cheaply(hidden_frames(201, 5_000, junk))

    assert (found.width, found.height, found.frames) == (5_000, 5_000, 202)
    with pytest.raises(ImageTooLargeError, match="pixels in all frames"):
        check_limits(found, LIMITS)


def test_a_megabyte_between_two_blocks_is_refused() -> None:
    with pytest.raises(ImageTooComplexError):
        looked_cheaply(hidden_frames(1, 1, bytes(1_000_000)))


def test_the_alpha_of_an_image_is_asked_what_it_decodes_to() -> None:
    found = looked_cheaply(large_alpha(64, 2_000))

    assert (found.width, found.height, found.decoded_pixels) == (64, 64, 4_000_000)
    with pytest.raises(ImageTooLargeError, match="4000000 pixels"):
        check_limits(found, ImageLimits(max_pixels=3_999_999))


GENEROUS: dict[str, Callable[[], bytes]] = {
    "a grid of 400 tiles": lambda: heif(
        types(b"grid", *[b"av01"] * 400),
        references(b"dimg", {1: list(range(2, 402))}),
        wide_locations({item: [(0, 12)] for item in range(2, 402)}),
    ),
    "a jpeg of fifty megabytes": lambda: (
        (data := encoded(scene(64, 48), "JPEG", progressive=True))[:-2]
        + Random(1).randbytes(50_000_000).replace(b"\xff", b"\xff\0")
        + data[-2:]
    ),
    "a gif of 250 frames of 200 kilobytes": lambda: (
        b"GIF89a\1\0\1\0\0\0\0"
        + (b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2" + (b"\xff" + bytes(255)) * 800 + b"\0")
        * 250
        + b";"
    ),
    "a tiff of 16 bits": lambda: encoded(Image.new("I;16", (3_000, 2_000)), "TIFF"),
}


@pytest.mark.parametrize("name", GENEROUS)
def test_a_large_file_as_cameras_and_encoders_write_it_passes(name: str) -> None:
    check_limits(look(GENEROUS[name]()), LIMITS)
