import pytest
from PIL import Image

from services.worker.geometry import Size, fitted, placed, turned, within


def test_inside_uses_the_whole_picture() -> None:
    assert fitted((1600, 1200), (800, 800), fit="inside", enlarge=False) == (
        (800, 600),
        (0, 0, 1600, 1200),
        0.5,
    )


def test_cover_uses_what_has_the_proportions_of_the_box() -> None:
    assert fitted((1600, 1200), (300, 300), fit="cover", enlarge=False) == (
        (300, 300),
        (200, 0, 1400, 1200),
        0.25,
    )


def test_without_enlarging_cover_cuts_only_the_side_that_stands_over() -> None:
    assert fitted((300, 100), (200, 200), fit="cover", enlarge=False) == ((200, 100), (50, 0, 250, 100), 1)


def test_a_box_is_found_again_in_the_frame_of_a_smaller_image() -> None:
    assert within((0.0, 0.5, 400.0, 300.5), (1600, 1200), (400, 0, 1600, 600), (401, 301)) == (
        100,
        0.5,
        400,
        150.5,
    )


def test_a_box_never_leaves_the_image() -> None:
    assert within((0.0, 0.0, 100.4, 50.0), (1004, 500), (0, 0, 1004, 500), (100, 50)) == (0, 0, 100, 50)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_frame_turns_with_the_picture(orientation: int) -> None:
    """Shown by a picture of 5 x 3 pixels in an image of 8 x 4: white inside the frame, black outside."""
    stored = Image.new("L", (8, 4))
    stored.paste(255, (0, 0, 5, 3))
    stored.getexif()[0x0112] = orientation
    methods = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # Pillow's numbers of the transpositions
    upright = stored.transpose(Image.Transpose(methods[orientation])) if orientation > 1 else stored
    box = turned((5, 3), upright.size, orientation)
    assert upright.getbbox() == tuple(round(edge) for edge in box)


@pytest.mark.parametrize("size, corner", [((10, 4), (88, 44)), ((100, 50), (0, 0)), ((300, 300), (0, 0))])
def test_what_is_placed_never_begins_outside(size: Size, corner: tuple[int, int]) -> None:
    assert placed(size, (100, 50), "bottom-right", 2) == corner
