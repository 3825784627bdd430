import pytest
from PIL import Image

from common.recipes.geometry import Resize
from services.worker.operations.resize import resize
from tests.support.images.develop import on_white
from tests.support.images.drawings import CORNERS, scene, with_hole
from tests.support.images.similarity import color_at, colors_differ_by, similarity

Size = tuple[int, int]


@pytest.mark.parametrize(
    "size, box, fit, enlarge, expected",
    [
        ((1600, 1200), (800, 800), "inside", False, (800, 600)),
        ((1200, 1600), (800, 800), "inside", False, (600, 800)),
        ((640, 480), (800, 800), "inside", False, (640, 480)),
        ((640, 480), (800, 800), "inside", True, (800, 600)),
        ((1600, 900), (800, 800), "inside", False, (800, 450)),
        ((1000, 667), (100, 100), "inside", False, (100, 67)),
        ((1000, 665), (100, 100), "inside", False, (100, 67)),
        ((1001, 3), (100, 100), "inside", False, (100, 1)),
        ((65535, 1), (800, 800), "inside", False, (800, 1)),
        ((1, 1), (800, 800), "inside", False, (1, 1)),
        ((1, 1), (800, 600), "inside", True, (600, 600)),
        ((3, 2), (101, 101), "inside", True, (101, 67)),
        ((1600, 1200), (200, 200), "cover", False, (200, 200)),
        ((1600, 1200), (200, 100), "cover", False, (200, 100)),
        ((300, 100), (200, 200), "cover", False, (200, 100)),
        ((100, 100), (200, 200), "cover", False, (100, 100)),
        ((100, 50), (200, 200), "cover", True, (200, 200)),
        ((1, 1), (200, 200), "cover", True, (200, 200)),
        ((5000, 1), (200, 200), "cover", True, (200, 200)),
        ((1, 5000), (200, 200), "cover", False, (1, 200)),
        ((333, 777), (200, 200), "cover", True, (200, 200)),
    ],
)
def test_sizes_are_those_of_sharp(size: Size, box: Size, fit: str, enlarge: bool, expected: Size) -> None:
    image = Image.new("RGB", size, "red")
    result = resize(image, Resize(width=box[0], height=box[1], fit=fit, enlarge=enlarge))  # type: ignore[arg-type]
    assert result.size == expected
    assert result.getextrema() == image.getextrema()


def test_inside_shows_all_of_the_image() -> None:
    result = resize(scene(), Resize(width=160, height=160))
    for place, color in CORNERS.items():
        assert colors_differ_by(color_at(result, *place), color) < 8


def test_cover_cuts_both_sides_alike() -> None:
    stripes = Image.new("RGB", (400, 100), "black")
    stripes.paste("red", (0, 0, 149, 100))
    stripes.paste("blue", (251, 0, 400, 100))
    result = resize(stripes, Resize(width=100, height=100, fit="cover"))
    assert result.getextrema() == ((0, 0), (0, 0), (0, 0))


def test_cover_keeps_the_proportions() -> None:
    result = resize(scene(), Resize(width=120, height=120, fit="cover"))
    middle = scene().crop((80, 0, 560, 480)).resize((120, 120))
    assert similarity(result, middle) > 0.99


def test_averaging_first_is_not_seen() -> None:
    result = resize(scene(1600, 1200), Resize(width=200, height=200))
    assert similarity(result, scene(1600, 1200).resize((200, 150), Image.Resampling.LANCZOS)) > 0.99


@pytest.mark.parametrize("side", [5, 40, 99, 150])
def test_transparent_black_leaves_no_dark_fringe(side: int) -> None:
    white = Image.new("RGB", (300, 300), "white")
    result = resize(with_hole(white), Resize(width=side, height=side))
    assert on_white(result).convert("L").getextrema()[0] >= 253  # type: ignore[operator]
    assert result.getchannel("A").getextrema()[0] < 128  # type: ignore[operator]


def test_the_image_given_stays_as_it_is() -> None:
    image = scene().copy()
    resize(image, Resize(width=100, height=100))
    assert image == scene()
