import pytest

from services.worker.imaging.fonts import Font
from services.worker.imaging.text_layout import layout_text

TEXT = "SAMPLE WATERMARK"


def test_a_text_with_room_is_one_line_of_the_width_asked_for() -> None:
    block = layout_text(TEXT, Font(), width=400, room=(1000, 1000))
    assert block is not None
    assert [line.text for line in block.lines] == [TEXT]
    assert block.size[0] == pytest.approx(400, abs=6)


def test_a_text_that_would_be_unreadable_is_set_larger() -> None:
    block = layout_text(TEXT, Font(), width=10, room=(1000, 1000))
    assert block is not None
    assert block.font.size >= 12


def test_lines_are_broken_where_that_helps() -> None:
    block = layout_text(TEXT, Font(), width=24, room=(58, 58))
    assert block is not None
    assert [line.text for line in block.lines] == ["SAMPLE", "WATERMARK"]
    assert block.size[0] <= 60
    first, second = block.lines
    assert second.start[1] - first.start[1] >= block.font.size
    assert first.start[0] > second.start[0]  # centered: the shorter line begins further in


def test_one_word_is_never_broken() -> None:
    block = layout_text("WATERMARK", Font(), width=24, room=(40, 200))
    assert block is not None
    assert [line.text for line in block.lines] == ["WATERMARK"]


@pytest.mark.parametrize("room", [(1, 1), (0, 0), (1000, 2), (4, 1000), (-3, 10)])
def test_without_room_for_letters_there_is_none(room: tuple[int, int]) -> None:
    assert layout_text(TEXT, Font(), width=400, room=room) is None


def test_a_long_text_fits_the_room() -> None:
    block = layout_text("all rights reserved by whoever took this " * 4, Font(), width=900, room=(300, 60))
    assert block is not None
    assert len(block.lines) > 1
    assert block.size[0] <= 306
    assert block.size[1] <= 64
