import pytest
from PIL import Image

from common.errors import InvalidRecipeError
from services.worker.imaging.geometry import (
    Size,
    anchor_offset,
    clamp_box,
    map_box,
    orient_box,
    to_pixels,
)


def test_a_box_is_found_again_in_the_frame_of_a_smaller_image() -> None:
    assert map_box((0.0, 0.5, 400.0, 300.5), (1600, 1200), (400, 0, 1600, 600), (401, 301)) == (
        100,
        0.5,
        400,
        150.5,
    )


def test_a_box_never_leaves_the_image() -> None:
    assert map_box((0.0, 0.0, 100.4, 50.0), (1004, 500), (0, 0, 1004, 500), (100, 50)) == (0, 0, 100, 50)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_frame_turns_with_the_image(orientation: int) -> None:
    """Placed as an image of 5 x 3 pixels in one of 8 x 4: white inside the frame, black outside."""
    stored = Image.new("L", (8, 4))
    stored.paste(255, (0, 0, 5, 3))
    stored.getexif()[0x0112] = orientation
    methods = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # Pillow's numbers of the transpositions
    upright = stored.transpose(Image.Transpose(methods[orientation])) if orientation > 1 else stored
    box = orient_box((5, 3), upright.size, orientation)
    assert upright.getbbox() == tuple(round(edge) for edge in box)


@pytest.mark.parametrize("size, corner", [((10, 4), (88, 44)), ((100, 50), (0, 0)), ((300, 300), (0, 0))])
def test_what_is_placed_never_begins_outside(size: Size, corner: tuple[int, int]) -> None:
    assert anchor_offset(size, (100, 50), "bottom-right", 2) == corner


@pytest.mark.parametrize(
    "position, corner",
    [
        ("left", (0, 25)),
        ("top-right", (100, 0)),
        ("25% 80%", (25, 40)),
        ("0% 100%", (0, 50)),
        ("center", (50, 25)),
    ],
)
def test_what_is_placed_stands_at_a_side_a_corner_or_two_percentages(position: str, corner: Size) -> None:
    assert anchor_offset((100, 50), (200, 100), position) == corner


def test_lengths_are_pixels_or_percentages() -> None:
    assert [to_pixels(length, 300) for length in (12, "0%", "12.5%", "100%")] == [12, 0, 37.5, 300]


@pytest.mark.parametrize("size", [(8192, 8192), (1, 8192)])
def test_what_grows_to_the_bounds_may(size: Size) -> None:
    assert clamp_box(size, (10, 10)) == size


@pytest.mark.parametrize("size, source", [((8193, 1), (10, 10)), ((65535, 1025), (65535, 1))])
def test_what_grows_beyond_them_may_not(size: Size, source: Size) -> None:
    with pytest.raises(InvalidRecipeError, match=f"{size[0]} x {size[1]}"):
        clamp_box(size, source)


def test_what_came_larger_may_stay_so() -> None:
    assert clamp_box((1, 65535), (65535, 1)) == (1, 65535)
    assert clamp_box((9000, 9000), (9000, 9000)) == (9000, 9000)
