"""Every operation: on every kind of image, at the extremes of size, against libvips, and in random recipes."""

from collections.abc import Callable
from io import BytesIO
from typing import Any, get_args

import pytest
import pyvips
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from common.errors import DarkroomError
from common.recipes import filters, geometry
from common.recipes.operations import Operation
from common.recipes.values import MAX_DIMENSION
from common.recipes.watermark import Watermark
from services.worker.decoding.assets import Assets
from services.worker.operations import Operations
from tests.support.images.develop import (
    developed,
    on_white,
    opened,
    recipe_of,
)
from tests.support.images.drawings import encoded, scene, with_hole
from tests.support.images.similarity import color_at, colors_differ_by, similarity

EVERY: dict[str, Operation] = {
    "resize": geometry.Resize(width=64, height=48, fit="cover"),
    "resize to contain": geometry.Resize(width=64, height=64, fit="contain", background="teal"),
    "resize by attention": geometry.Resize(width=40, height=40, fit="cover", position="attention"),
    "resize by entropy": geometry.Resize(width=40, height=40, fit="cover", position="entropy"),
    "crop": geometry.Crop(left="10%", top="10%", width="50%", height="50%"),
    "extend": geometry.Extend(top=3, right=5, bottom=7, left=9, background="#ff000080"),
    "trim": geometry.Trim(),
    "rotate": geometry.Rotate(angle=30, background="white"),
    "rotate by a right angle": geometry.Rotate(angle=90),
    "flip": geometry.Flip(),
    "flop": geometry.Flop(),
    "watermark": Watermark(text="MARK"),
    "watermark, tiled": Watermark(text="MARK", tile=True, angle=30, color="red"),
    "blur": filters.Blur(sigma=3),
    "sharpen": filters.Sharpen(sigma=1, amount=2),
    "pixelate": filters.Pixelate(size=8),
    "grayscale": filters.Grayscale(),
    "adjust": filters.Adjust(brightness=1.2, contrast=0.8, saturation=1.5, gamma=1.3),
    "round": geometry.Round(radius="20%"),
    "circle": geometry.Round(circle=True),
    "flatten": filters.Flatten(background="navy"),
}
SOURCES: dict[str, Callable[[], bytes]] = {
    "RGB": lambda: encoded(scene(160, 120), "PNG"),
    "RGBA": lambda: encoded(with_hole(scene(160, 120)), "PNG"),
    "grayscale": lambda: encoded(scene(160, 120).convert("L"), "PNG"),
    "palette": lambda: encoded(scene(160, 120).quantize(32), "PNG"),
}
RESULTS = {  # the sizes of what becomes of 160 x 120, where they differ and numbers tell
    "resize": (64, 48),
    "resize to contain": (64, 64),
    "resize by attention": (40, 40),
    "resize by entropy": (40, 40),
    "crop": (80, 60),
    "extend": (174, 130),
    "rotate": (199, 184),
    "rotate by a right angle": (120, 160),
    "circle": (120, 120),
}
SIZES = [(1, 1), (1, 400), (400, 1), (2, 3), (3000, 2)]


def apply(image: Image.Image, *operations: Operation) -> Image.Image:
    available = Operations(Assets())
    for operation in operations:
        image = available.apply(available.resolve(operation, image), image)
    return image


def pixels(image: Image.Image) -> list[tuple[int, ...]]:
    size = len(image.getbands())
    data = image.tobytes()
    return [tuple(data[at : at + size]) for at in range(0, len(data), size)]


def test_every_operation_that_there_is_is_tested_here() -> None:
    assert {type(operation) for operation in EVERY.values()} == set(get_args(Operation))


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", EVERY)
def test_every_mode_comes_through_with_the_size_that_numbers_tell(name: str, source: str) -> None:
    operation = EVERY[name]
    (rendered,) = developed(SOURCES[source](), recipe_of(operation)).outputs

    assert opened(rendered).size == (rendered.width, rendered.height)
    if name != "trim":
        assert (rendered.width, rendered.height) == RESULTS.get(name, (160, 120))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("name", EVERY)
def test_the_smallest_and_the_longest_images_come_through(
    name: str, mode: str, size: tuple[int, int]
) -> None:
    image = Image.new(mode, size, "#80402080" if mode == "RGBA" else "#804020")
    before = image.tobytes()

    result = apply(image, EVERY[name])

    assert min(result.size) >= 1
    assert result.mode in {"RGB", "RGBA"}
    assert image.tobytes() == before, "an operation never changes what it was given"


def test_flip_and_flop_mirror() -> None:
    image = scene(160, 120)
    assert apply(image, geometry.Flip()).getpixel((0, 0)) == image.getpixel((0, 119))
    assert apply(image, geometry.Flop()).getpixel((0, 0)) == image.getpixel((159, 0))
    assert (
        apply(image, geometry.Flip(), geometry.Flop()).tobytes()
        == apply(image, geometry.Rotate(angle=180)).tobytes()
    )


def test_rotate_turns_clockwise() -> None:
    image = Image.new("RGB", (40, 20), "black")
    image.paste("red", (0, 0, 10, 20))  # on the left
    turned = apply(image, geometry.Rotate(angle=90))
    assert turned.size == (20, 40)
    assert turned.getpixel((10, 2)) == (255, 0, 0), "what was left is on top"


def test_a_crop_outside_the_image_is_an_error_of_the_recipe() -> None:
    with pytest.raises(DarkroomError, match="crop"):
        apply(scene(160, 120), geometry.Crop(left=500))


def test_extend_adds_borders_of_its_color() -> None:
    result = apply(scene(160, 120), geometry.Extend(left=10, top=20, background="red"))
    assert result.size == (170, 140)
    assert result.convert("RGB").getpixel((5, 5)) == (255, 0, 0)
    assert result.convert("RGB").crop((10, 20, 170, 140)).tobytes() == scene(160, 120).tobytes()


def test_trim_leaves_what_differs_from_the_ground() -> None:
    image = Image.new("RGB", (100, 80), "white")
    image.paste("green", (30, 20, 70, 50))
    assert apply(image, geometry.Trim()).size == (40, 30)
    assert apply(Image.new("RGB", (9, 9), "white"), geometry.Trim()).size == (9, 9), "never to nothing"


def test_pixelate_makes_squares_of_one_color() -> None:
    result = apply(scene(160, 120), filters.Pixelate(size=16))
    square = result.crop((32, 16, 48, 32))
    assert len(set(pixels(square))) == 1


def test_grayscale_takes_the_colors_away_and_keeps_transparency() -> None:
    result = apply(with_hole(scene(160, 120)), filters.Grayscale())
    red, green, blue, alpha = result.convert("RGBA").split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()
    assert alpha.tobytes() == with_hole(scene(160, 120)).getchannel("A").tobytes()


def test_adjust_without_a_change_changes_nothing() -> None:
    assert apply(scene(160, 120), filters.Adjust()).tobytes() == scene(160, 120).tobytes()


@pytest.mark.parametrize(
    "blurred", [filters.Blur(sigma=4), geometry.Rotate(angle=20), geometry.Resize(width=40)]
)
def test_transparent_pixels_lend_no_color_to_their_neighbors(blurred: Operation) -> None:
    image = Image.new("RGBA", (80, 80), (0, 255, 0, 0))  # green that nobody sees
    image.paste((255, 0, 0, 255), (20, 20, 60, 60))
    result = apply(image, blurred)
    seen = [pixel for pixel in pixels(result) if pixel[3] > 40]
    assert seen
    assert max(pixel[1] for pixel in seen) < 30


@pytest.mark.parametrize("radius", ["0%", "0.001%", "0.05%", "0.1%", "0.2%", "0.4%"])
def test_round_by_less_than_half_a_pixel_leaves_the_corners(radius: str) -> None:
    low, _ = apply(scene(160, 120), geometry.Round(radius=radius)).getchannel("A").getextrema()
    assert low >= 200  # type: ignore[operator]  # one channel


def test_round_cuts_the_corners_and_nothing_else() -> None:
    result = apply(scene(160, 120), geometry.Round(radius=30))
    assert result.getchannel("A").getpixel((0, 0)) == 0
    assert result.getchannel("A").getpixel((80, 60)) == 255
    circle = apply(scene(160, 120), geometry.Round(circle=True))
    assert circle.size == (120, 120)
    assert circle.getchannel("A").getpixel((60, 1)) == 255


def test_flatten_leaves_nothing_transparent() -> None:
    result = apply(with_hole(scene(160, 120)), filters.Flatten(background="navy"))
    assert result.mode == "RGB" or result.getchannel("A").getextrema() == (255, 255)


@pytest.mark.parametrize("by", ["attention", "entropy"])
@pytest.mark.parametrize("mode", ["wide", "tall"])
@pytest.mark.parametrize("at", [0.12, 0.5, 0.88])
def test_smart_crop_keeps_the_subject(by: str, mode: str, at: float) -> None:
    size = (600, 150) if mode == "wide" else (150, 600)
    image = Image.new("RGB", size, "#8899aa")
    middle = (round(size[0] * at), 75) if mode == "wide" else (75, round(size[1] * at))
    middle = (min(max(middle[0], 50), size[0] - 50), min(max(middle[1], 50), size[1] - 50))
    subject = scene(80, 80)
    image.paste(subject, (middle[0] - 40, middle[1] - 40))

    operation = geometry.Resize(width=150, height=150, fit="cover", position=by)
    result = apply(image, operation)

    corners = [color_at(result, across, down) for across in (0.02, 0.98) for down in (0.02, 0.98)]
    ground = sum(colors_differ_by(corner, (0x88, 0x99, 0xAA)) < 12 for corner in corners)
    covered = sum(colors_differ_by(pixel, (0x88, 0x99, 0xAA)) > 25 for pixel in pixels(result.convert("RGB")))
    assert covered > 0.85 * 80 * 80 * 0.9, "nearly all of the subject is there"
    assert ground >= 2


def vips_of(image: Image.Image) -> Any:
    return pyvips.Image.new_from_buffer(encoded(image, "PNG"), "")


def pillow_of(image: Any) -> Image.Image:
    with Image.open(BytesIO(image.write_to_buffer(".png"))) as opened_image:
        return opened_image.convert("RGB")


FIDELITY: dict[str, tuple[Operation, Callable[[Any], Any]]] = {
    "resize inside": (geometry.Resize(width=400), lambda v: v.thumbnail_image(400, height=10_000)),
    "resize cover": (
        geometry.Resize(width=300, height=300, fit="cover"),
        lambda v: v.thumbnail_image(300, height=300, crop="centre"),
    ),
    "resize fill": (
        geometry.Resize(width=200, height=400, fit="fill"),
        lambda v: v.thumbnail_image(200, height=400, size="force"),
    ),
    "blur": (filters.Blur(sigma=4), lambda v: v.gaussblur(4)),
    "crop": (geometry.Crop(left=100, top=50, width=300, height=200), lambda v: v.crop(100, 50, 300, 200)),
    "flip": (geometry.Flip(), lambda v: v.flip("vertical")),
    "rotate": (geometry.Rotate(angle=90), lambda v: v.rot90()),
    "grayscale": (filters.Grayscale(), lambda v: v.colourspace("b-w").colourspace("srgb")),
    "brightness": (filters.Adjust(brightness=0.8), lambda v: (v * 0.8).cast("uchar")),
    "contrast": (filters.Adjust(contrast=0.7), lambda v: ((v - 127.5) * 0.7 + 127.5).cast("uchar")),
}


@pytest.mark.parametrize("name", FIDELITY)
def test_results_are_those_of_libvips(name: str) -> None:
    operation, vips = FIDELITY[name]
    photograph = scene(800, 600)

    ours, theirs = apply(photograph, operation).convert("RGB"), pillow_of(vips(vips_of(photograph)))

    assert similarity(ours, theirs) >= 0.98


_percent = st.integers(0, 100).map(lambda number: f"{number}%")
_color = st.sampled_from(["white", "black", "#f00", "#33669980", "transparent"])
_opaque = st.sampled_from(["white", "#123", "#a0b0c0"])
_position = st.sampled_from(["center", "top-left", "bottom", "30% 70%", "attention", "entropy"])
_side = st.integers(1, 300)
OPERATIONS: st.SearchStrategy[Operation] = st.one_of(
    st.builds(
        geometry.Resize,
        width=_side,
        height=st.none() | _side,
        fit=st.sampled_from(["inside", "outside", "cover", "contain", "fill"]),
        enlarge=st.booleans(),
        position=_position,
        background=_color,
    ),
    st.builds(
        geometry.Crop,
        left=_percent,
        top=st.integers(0, 200),
        width=st.none() | _side,
        height=st.none() | _percent,
    ),
    st.builds(geometry.Extend, top=_side, left=_side, background=_color),
    st.builds(geometry.Trim, threshold=st.integers(0, 254), background=st.none() | _opaque),
    st.builds(geometry.Rotate, angle=st.floats(-360, 360), background=_color),
    st.just(geometry.Flip()),
    st.just(geometry.Flop()),
    st.builds(
        Watermark,
        text=st.text(min_size=1, max_size=20).filter(lambda text: bool(text.strip())),
        size=st.floats(0.02, 1),
        color=st.none() | _opaque,
        opacity=st.floats(0, 1),
        position=st.sampled_from(["center", "top", "bottom-right"]),
        tile=st.booleans(),
        angle=st.floats(-360, 360),
    ),
    st.builds(filters.Blur, sigma=st.floats(0.3, 250)),
    st.builds(filters.Sharpen, sigma=st.floats(0.3, 10), amount=st.floats(0, 10)),
    st.builds(filters.Pixelate, size=st.integers(2, 1024)),
    st.just(filters.Grayscale()),
    st.builds(
        filters.Adjust,
        brightness=st.floats(0, 10),
        contrast=st.floats(0, 10),
        saturation=st.floats(0, 10),
        gamma=st.floats(0.1, 10),
    ),
    st.builds(geometry.Round, radius=st.integers(1, 500)),
    st.just(geometry.Round(circle=True)),
    st.builds(filters.Flatten, background=_opaque),
)
IMAGES = st.builds(
    lambda width, height, mode: scene(width, height) if mode == "RGB" else with_hole(scene(width, height)),
    st.integers(1, 200),
    st.integers(1, 200),
    st.sampled_from(["RGB", "RGBA"]),
)


@given(image=IMAGES, operations=st.lists(OPERATIONS, min_size=1, max_size=5))
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_any_recipe_gives_an_image_within_bounds_or_an_error_of_ours(
    image: Image.Image, operations: list[Operation]
) -> None:
    try:
        (rendered,) = developed(encoded(image, "PNG"), recipe_of(*operations)).outputs
    except DarkroomError:
        return
    assert opened(rendered).size == (rendered.width, rendered.height)
    assert max(rendered.width, rendered.height) <= MAX_DIMENSION


def test_a_watermark_may_be_an_image_of_the_operator_s(tmp_path: Any) -> None:
    Image.new("RGBA", (60, 30), (255, 0, 0, 255)).save(tmp_path / "logo.png")
    assets = Assets(watermarks_folder=tmp_path)
    mark = Watermark(image="logo.png", scale=0.25, opacity=1.0, position="top-left", margin=0.0)

    (rendered,) = developed(SOURCES["RGB"](), recipe_of(mark), assets=assets).outputs

    assert colors_differ_by(on_white(opened(rendered)).getpixel((10, 8)), (255, 0, 0)) < 8  # type: ignore[arg-type]
    with pytest.raises(DarkroomError, match=r"there is no watermark image 'none\.png'"):
        developed(SOURCES["RGB"](), recipe_of(Watermark(image="none.png")), assets=assets)
