from pathlib import Path

import pytest
from PIL import ImageFont

from common.errors import ConfigurationError
from services.worker.imaging.fonts import Font, load_font


def test_without_a_file_it_is_the_embedded_one() -> None:
    assert load_font(None) == Font()
    assert isinstance(load_font(None).at(20), ImageFont.FreeTypeFont)


def test_every_use_has_a_face_of_its_own() -> None:
    font = load_font(None)
    assert font.at(20) is not font.at(20)


def test_a_file_is_read_once_and_for_all(tmp_path: Path) -> None:
    path = tmp_path / "own.ttf"
    path.write_bytes(embedded())
    font = load_font(path)
    path.unlink()
    assert font.at(30).getname() == Font().at(30).getname()


def embedded() -> bytes:
    return bytes(Font().at(10).font_bytes)


@pytest.mark.parametrize("content", [None, b"", b"no font at all"])
def test_a_font_that_cannot_be_used_is_a_matter_of_configuration(
    content: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / "own.ttf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="font"):
        load_font(path)


@pytest.mark.parametrize(
    "text, missing",
    [
        ("SAMPLE WATERMARK 2026", ""),
        ("Grüße aus 東京, 東京", "üß東京"),
        ("no\u00a0break, zero\u200bwidth", ""),
        ("Привет", "Привет"),
        ("done \N{GRINNING FACE}", "\N{GRINNING FACE}"),
    ],
)
def test_letters_that_the_font_lacks_are_found(text: str, missing: str) -> None:
    assert load_font(None).find_missing(text) == missing
