from typing import Any

import pytest

from common.errors import InvalidRecipeError
from common.recipes.geometry import Resize
from services.worker.imaging.geometry import Box, Size
from services.worker.imaging.resize_plan import ResizePlan, plan_resize


def fit(source: Size, width: int | None, height: int | None, **options: Any) -> ResizePlan:
    return plan_resize(source, Resize(width=width, height=height, **options))


def test_inside_uses_the_whole_image() -> None:
    assert fit((1600, 1200), 800, 800) == ((800, 600), (0, 0, 1600, 1200), 0.5, (800, 600))


def test_cover_uses_what_has_the_proportions_of_the_box() -> None:
    found = fit((1600, 1200), 300, 300, fit="cover")
    assert found == ((300, 300), (200, 0, 1400, 1200), 0.25, (300, 300))


def test_without_enlarging_cover_cuts_only_the_side_that_stands_over() -> None:
    assert fit((300, 100), 200, 200, fit="cover") == ((200, 100), (50, 0, 250, 100), 1, (200, 100))


@pytest.mark.parametrize(
    "position, box",
    [
        ("left", (0, 0, 1200, 1200)),
        ("top", (200, 0, 1400, 1200)),
        ("bottom-right", (400, 0, 1600, 1200)),
        ("25% 80%", (100, 0, 1300, 1200)),
        ("attention", (200, 0, 1400, 1200)),
    ],
)
def test_the_position_says_what_cover_keeps(position: str, box: Box) -> None:
    assert fit((1600, 1200), 300, 300, fit="cover", position=position).box == pytest.approx(box)


@pytest.mark.parametrize(
    "source, options, size, canvas, scale",
    [
        ((1600, 1200), {"fit": "outside"}, (400, 300), (400, 300), 0.25),
        ((1600, 1200), {"fit": "contain"}, (300, 225), (300, 300), 0.1875),
        ((1600, 1200), {"fit": "fill"}, (300, 300), (300, 300), 0.25),
        ((150, 100), {"fit": "outside"}, (150, 100), (150, 100), 1),
        ((150, 100), {"fit": "outside", "enlarge": True}, (450, 300), (450, 300), 3),
        ((150, 100), {"fit": "contain"}, (150, 100), (300, 300), 1),
        ((150, 100), {"fit": "contain", "enlarge": True}, (300, 200), (300, 300), 2),
        ((150, 600), {"fit": "fill"}, (150, 300), (150, 300), 1),
        ((150, 100), {"fit": "fill", "enlarge": True}, (300, 300), (300, 300), 3),
    ],
)
def test_the_other_fits(
    source: Size, options: dict[str, Any], size: Size, canvas: Size, scale: float
) -> None:
    assert fit(source, 300, 300, **options) == (size, (0, 0, *source), scale, canvas)


@pytest.mark.parametrize("kind", ["inside", "outside", "cover", "contain", "fill"])
def test_of_one_side_alone_the_other_follows(kind: str) -> None:
    assert fit((1600, 1200), 400, None, fit=kind).canvas == (400, 300)
    assert fit((1600, 1200), None, 400, fit=kind).canvas == (533, 400)
    assert fit((1600, 1200), 3200, None, fit=kind).canvas == (1600, 1200)
    assert fit((1600, 1200), 3200, None, fit=kind, enlarge=True).canvas == (3200, 2400)


@pytest.mark.parametrize(
    "options", [{"height": 200, "width": None}, {"height": 200, "width": 200, "fit": "outside"}]
)
def test_nothing_grows_beyond_all_bounds(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecipeError, match="13107000 x 200"):
        fit((65535, 1), enlarge=True, **options)
    assert fit((65535, 1), **options).canvas == (65535, 1)
