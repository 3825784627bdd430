"""Colors as CSS writes them, compared with Pillow's reading of them."""

import pytest
from PIL import ImageColor

from common.recipes.css_colors import parse_color


@pytest.mark.parametrize("name", sorted(ImageColor.colormap))
def test_every_name_is_the_color_that_pillow_knows_by_it(name: str) -> None:
    assert parse_color(name) == ImageColor.getcolor(name, "RGBA")
    assert parse_color(name.upper()) == parse_color(name)


@pytest.mark.parametrize("digits", ["#a1f", "#a1f8", "#a0b1c2", "#A0B1C2d3", "#000", "#ffff"])
def test_every_number_of_digits_is_read(digits: str) -> None:
    assert parse_color(digits) == ImageColor.getcolor(digits, "RGBA")


def test_transparent_is_black_that_nobody_sees() -> None:
    assert parse_color("transparent") == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "text", ["", "#", "#12", "#12345", "#1234567", "#gggggg", "nocolor", "rgb(1,2,3)", "#-12"]
)
def test_anything_else_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="is no color; allowed: a CSS color's name"):
        parse_color(text)
