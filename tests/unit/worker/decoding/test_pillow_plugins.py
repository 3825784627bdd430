"""Sound files that Pillow by itself refuses or gets wrong: compared by their pixels."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from tests.support.images import icc
from tests.support.images.develop import developed, opened, recipe_of
from tests.support.images.drawings import encoded, scene
from tests.support.images.hostile import chunk, png
from tests.support.images.similarity import similarity

LONG = zlib.compress(bytes(3 * 1024 * 1024))
PROFILE = icc.rgb_profile()


def with_chunks(*chunks: bytes) -> bytes:
    data = encoded(scene(64, 48), "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk(b"zTXt", b"Comment\0\0" + LONG)],
        [chunk(b"iTXt", b"Comment\0\1\0\0\0" + LONG)],
        [chunk(b"iTXt", b"Comment\0\0\0\0\0" + bytes(3 * 1024 * 1024))],
        [chunk(b"tEXt", b"Comment\0" + b"x" * 3 * 1024 * 1024)],
        [chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1_000_000)))] * 100,
        [chunk(b"zTXt", b"Comment\0\7" + zlib.compress(bytes(10)))],
        [chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(5 * 1024 * 1024)))],
        [chunk(b"iCCP", b"icc\0\7nonsense")],
    ],
    ids=[
        "zTXt",
        "packed iTXt",
        "iTXt",
        "tEXt",
        "many zTXt",
        "unknown packing",
        "iCCP",
        "unknown packing of iCCP",
    ],
)
def test_text_beyond_the_bound_is_dropped_and_the_pixels_are_kept(chunks: list[bytes]) -> None:
    result = developed(with_chunks(*chunks), recipe_of())
    assert opened(result.outputs[0]).tobytes() == scene(64, 48).tobytes()


def test_a_profile_of_more_than_a_megabyte_is_heeded() -> None:
    size = 2 * 1024 * 1024
    profile = struct.pack(">I", size) + PROFILE[4:] + bytes(size - len(PROFILE))
    packed = chunk(b"iCCP", b"icc\0\0" + zlib.compress(profile))
    expected = opened(developed(encoded(scene(64, 48), "PNG", icc_profile=PROFILE), recipe_of()).outputs[0])

    result = developed(with_chunks(packed), recipe_of())

    assert result.source is not None
    assert result.source.profile == "converted"
    assert opened(result.outputs[0]).tobytes() == expected.tobytes()


def test_what_is_kept_of_a_long_profile_can_be_developed_again() -> None:
    size = 2 * 1024 * 1024
    profile = struct.pack(">I", size) + PROFILE[4:] + bytes(size - len(PROFILE))
    packed = chunk(b"iCCP", b"icc\0\0" + zlib.compress(profile))
    first = developed(with_chunks(packed), recipe_of(keep=("icc",))).outputs[0].data
    assert opened(developed(first, recipe_of(keep=("icc",))).outputs[0]).tobytes() == scene(64, 48).tobytes()


GRAY = Image.linear_gradient("L").resize((40, 30))
RED, GREEN = Image.new("RGB", (40, 30), (200, 30, 30)), Image.new("RGB", (40, 30), (20, 200, 30))


def gray_then_color(transparency: int | None) -> bytes:
    """A GIF whose global palette is the 256 grays in their order, and whose later frames have palettes of their own."""
    first = encoded(GRAY, "GIF", optimize=False)
    assert Image.open(BytesIO(first)).mode == "L"
    data = first[: 13 + 768] + control(transparency) + first[first.index(b"\x2c\0\0\0\0") : -1]
    for image in (RED, GREEN):
        file = encoded(image, "GIF", optimize=False)
        bits = (file[10] & 7) + 1
        at = file.index(b"\x2c\0\0\0\0")
        data += control(None) + file[at : at + 9] + bytes([0x80 | bits - 1])
        data += file[13 : 13 + (3 << bits)] + file[at + 10 : -1]
    return data + b";"


def control(transparency: int | None) -> bytes:
    return struct.pack("<BBBBHBB", 0x21, 0xF9, 4, transparency is not None, 10, transparency or 0, 0)


@pytest.mark.parametrize("kind", ["gif", "webp"])
@pytest.mark.parametrize("transparency", [None, 0])
def test_an_animation_may_begin_gray_and_go_on_in_color(kind: str, transparency: int | None) -> None:
    data = gray_then_color(transparency)

    result = opened(developed(data, recipe_of(format=kind)).outputs[0])

    frames = []
    for number in range(3):
        result.seek(number)
        frames.append(result.convert("RGB"))
    assert similarity(frames[0].crop((0, 15, 40, 30)), GRAY.convert("RGB").crop((0, 15, 40, 30))) > 0.9
    for frame, color in zip(frames[1:], ((200, 30, 30), (20, 200, 30)), strict=True):
        found = frame.getpixel((20, 15))
        assert isinstance(found, tuple)
        assert all(abs(a - b) <= 4 for a, b in zip(found, color, strict=True))


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_a_frame_that_reaches_out_of_the_canvas_is_clipped(kind: str) -> None:
    frames = [scene(64, 48), scene(64, 48).rotate(180)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    at = data.rindex(b"\x2c\0\0\0\0" + struct.pack("<HH", 64, 48)) + 1
    moved = data[:at] + struct.pack("<HH", 10, 10) + data[at + 4 :]

    result = opened(developed(moved, recipe_of(format=kind)).outputs[0])

    assert result.size == (64, 48)
    if kind != "png":
        result.seek(1)
        assert result.size == (64, 48)
        shown, expected = result.convert("RGB").crop((10, 10, 64, 48)), frames[1].crop((0, 0, 54, 38))
        assert similarity(shown, expected) > 0.8


def gray_rows(values: list[int]) -> bytes:
    return b"\0" + struct.pack(f">{len(values)}H", *values)


def test_one_value_of_16_bits_is_transparent() -> None:
    data = png((4, 1), depth=16, color=0, rows=gray_rows([0, 1000, 1001, 65535]))
    data = data[:33] + chunk(b"tRNS", struct.pack(">H", 1000)) + data[33:]
    result = opened(developed(data, recipe_of()).outputs[0])
    assert [result.getpixel((x, 0))[3] for x in range(4)] == [255, 0, 255, 255]  # type: ignore[index]
    assert [result.getpixel((x, 0))[0] for x in (0, 2, 3)] == [0, 4, 255]  # type: ignore[index]


def test_one_color_of_16_bits_is_transparent() -> None:
    colors = [(0x0102, 0x80FF, 0xFFFF), (0x00FF, 0x80FF, 0xFFFF), (0xFFFF, 0, 0)]
    rows = b"\0" + b"".join(struct.pack(">3H", *color) for color in colors)
    data = png((3, 1), depth=16, color=2, rows=rows)
    data = data[:33] + chunk(b"tRNS", struct.pack(">3H", *colors[0])) + data[33:]
    result = opened(developed(data, recipe_of()).outputs[0])
    assert [result.getpixel((x, 0))[3] for x in range(3)] == [0, 255, 255]  # type: ignore[index]


@pytest.mark.parametrize("scale", [1, 16], ids=["in full", "averaged"])
def test_a_tiff_of_16_bits_may_say_that_zero_is_white(scale: int) -> None:
    side = 8 * scale
    image = Image.new("I;16", (side, side), 65535)
    image.paste(0, (0, 0, side // 2, side))
    data = encoded(image, "TIFF")
    at = data.index(struct.pack("<HHI", 262, 3, 1)) + 8
    inverted = data[:at] + struct.pack("<H", 0) + data[at + 2 :]

    for file, left, right in ((data, 0, 255), (inverted, 255, 0)):
        result = opened(developed(file, recipe_of()).outputs[0]).convert("L")
        assert (result.getpixel((0, 0)), result.getpixel((side - 1, 0))) == (left, right)


def test_a_tiff_of_fractions_is_developed() -> None:
    ramp = Image.linear_gradient("L").resize((64, 48))
    result = developed(encoded(ramp.convert("F").point(lambda value: value / 255), "TIFF"), recipe_of())
    assert similarity(opened(result.outputs[0]).convert("RGB"), ramp.convert("RGB")) > 0.99
