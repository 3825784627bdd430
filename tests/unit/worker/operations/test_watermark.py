from collections.abc import Callable
from functools import partial

import pytest
from PIL import Image, ImageChops

from common.recipes.values import Position
from common.recipes.watermark import Watermark
from services.worker.decoding.assets import Assets
from services.worker.operations.watermark import watermark
from tests.support.images.drawings import scene, with_hole

TEXT = "SAMPLE WATERMARK"
mark: Callable[..., Image.Image] = partial(watermark, assets=Assets())


def ground(color: str = "gray", size: tuple[int, int] = (800, 600)) -> Image.Image:
    return Image.new("RGB", size, color)


def box_of(marked: Image.Image, plain: Image.Image) -> tuple[int, int, int, int]:
    """Where the text is: left, top, right, bottom."""
    box = ImageChops.difference(marked.convert("RGB"), plain.convert("RGB")).getbbox()
    assert box is not None
    return box


@pytest.mark.parametrize("color", ["white", "black", "gray", "red", "yellow"])
@pytest.mark.parametrize("width", [800, 150, 60])
def test_it_stands_out_on_any_ground(color: str, width: int) -> None:
    plain = ground(color, (width, width * 3 // 4))
    marked = mark(plain, Watermark(text=TEXT)).convert("L")
    box = box_of(marked, plain)
    low, high = marked.crop(box).getextrema()
    assert high - low >= 110  # type: ignore[operator]  # the text's light and dark, of 255 between white and black
    assert box[3] - box[1] >= 8  # pixels: the least that letters of an outline take to be read


@pytest.mark.parametrize("width", [400, 800, 1600, 3000])
def test_it_grows_with_the_image(width: int) -> None:
    plain = ground(size=(width, width))
    left, _, right, _ = box_of(mark(plain, Watermark(text=TEXT, size=0.5)), plain)
    assert (right - left) / width == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    "position, across, down",
    [
        ("top-left", 0.0, 0.0),
        ("top", 0.5, 0.0),
        ("top-right", 1.0, 0.0),
        ("left", 0.0, 0.5),
        ("center", 0.5, 0.5),
        ("right", 1.0, 0.5),
        ("bottom-left", 0.0, 1.0),
        ("bottom", 0.5, 1.0),
        ("bottom-right", 1.0, 1.0),
    ],
)
def test_it_stands_where_it_is_told_to(position: Position, across: float, down: float) -> None:
    plain, margin = ground(), 60
    left, top, right, bottom = box_of(mark(plain, Watermark(text=TEXT, position=position, margin=0.1)), plain)
    spare = (800 - (right - left) - 2 * margin, 600 - (bottom - top) - 2 * margin)
    assert left == pytest.approx(margin + across * spare[0], abs=2)
    assert top == pytest.approx(margin + down * spare[1], abs=2)


def test_opacity_is_how_much_of_the_ground_is_hidden() -> None:
    plain = ground("black")
    brightest = [
        mark(plain, Watermark(text=TEXT, opacity=opacity)).convert("L").getextrema()[1]
        for opacity in (0.0, 0.5, 1.0)
    ]
    assert brightest == [0, pytest.approx(128, abs=2), 255]


def test_outline_and_letters_lie_on_each_other_on_every_line() -> None:
    plain = ground("white", (60, 60))
    marked = mark(plain, Watermark(text="MMM MMM", size=1.0, opacity=1.0)).convert("L")
    box = box_of(marked, plain)
    for row in (box[1], box[3] - 1):
        assert marked.crop((box[0], row, box[2], row + 1)).getextrema()[0] < 128  # type: ignore[operator]


@pytest.mark.parametrize(
    "size", [(1, 1), (2, 2), (7, 3), (65535, 1), (1, 65535), (800, 5), (5, 800), (3000, 20)]
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_any_size_of_image_is_kept(size: tuple[int, int], mode: str) -> None:
    plain = Image.new(mode, size)
    marked = mark(plain, Watermark(text=TEXT))
    assert (marked.size, marked.mode) == (size, mode)


@pytest.mark.parametrize("size", [(60, 60), (40, 200), (500, 14)])
def test_it_stays_within_a_small_image(size: tuple[int, int]) -> None:
    plain = ground("black", size)
    left, top, right, bottom = box_of(mark(plain, Watermark(text=TEXT, margin=0.0)), plain)
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]


def test_on_transparent_ground_the_text_is_opaque_and_the_rest_transparent() -> None:
    marked = mark(Image.new("RGBA", (400, 300)), Watermark(text=TEXT, opacity=1.0, position="center"))
    assert marked.getchannel("A").getextrema() == (0, 255)
    white = [pixel for pixel in marked.get_flattened_data() if pixel == (255, 255, 255, 255)]
    assert white
    assert marked.getpixel((0, 0)) == (0, 0, 0, 0)


def test_half_a_watermark_on_transparent_ground_is_as_light_as_a_whole_one() -> None:
    marked = mark(Image.new("RGBA", (400, 300)), Watermark(text=TEXT, opacity=0.5))
    assert (255, 255, 255, 128) in set(marked.get_flattened_data())


def test_the_image_given_stays_as_it_is() -> None:
    for image in (scene().copy(), with_hole(scene())):
        before = image.copy()
        assert mark(image, Watermark(text=TEXT)) != before
        assert image == before
