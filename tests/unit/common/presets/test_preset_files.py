"""Presets that name a font or an image which is not there are refused at the start."""

from pathlib import Path

import pytest

from common.errors import ConfigurationError
from common.presets.preset_files import check_preset_files
from common.presets.presets import Presets, load_presets


def presets_with(folder: Path, mark: str) -> Presets:
    path = folder / "presets.toml"
    path.write_text(
        '[default]\n[[default.outputs]]\nname = "a"\n'
        f'[branded]\n[[branded.outputs]]\nname = "a"\noperations = [{{ op = "watermark", {mark} }}]\n'
    )
    return load_presets(path)


MARKS = [
    ('text = "x", font = "Inter.ttf"', "font 'Inter.ttf'", "FONTS_FOLDER"),
    ('image = "logo.png"', "image 'logo.png'", "WATERMARKS_FOLDER"),
]


@pytest.mark.parametrize("mark, file, setting", MARKS)
@pytest.mark.parametrize("all_visible", [True, False])
def test_a_missing_file_is_named_with_its_preset_and_setting(
    tmp_path: Path, mark: str, file: str, setting: str, all_visible: bool
) -> None:
    presets = presets_with(tmp_path, mark)
    folder = tmp_path / "assets"
    folder.mkdir()

    with pytest.raises(ConfigurationError) as caught:
        check_preset_files(
            presets, fonts_folder=str(folder), watermarks_folder=str(folder), all_visible=all_visible
        )

    assert str(caught.value) == f"{setting} assets has no such file: preset 'branded' names the {file}"


@pytest.mark.parametrize("mark, file, setting", MARKS)
def test_a_folder_that_is_not_set_is_missed_by_the_worker_and_not_by_the_api(
    tmp_path: Path, mark: str, file: str, setting: str
) -> None:
    presets = presets_with(tmp_path, mark)

    check_preset_files(presets, fonts_folder="", watermarks_folder="", all_visible=False)
    elsewhere = str(tmp_path / "none")
    check_preset_files(presets, fonts_folder=elsewhere, watermarks_folder=elsewhere, all_visible=False)
    with pytest.raises(
        ConfigurationError, match=f"^{setting} is not set, but preset 'branded' names the {file}$"
    ):
        check_preset_files(presets, fonts_folder="", watermarks_folder="", all_visible=True)


def test_files_that_are_there_are_in_order(tmp_path: Path) -> None:
    for mark, file, _ in MARKS:
        (tmp_path / file.split("'")[1]).touch()
        presets = presets_with(tmp_path, mark)
        check_preset_files(
            presets, fonts_folder=str(tmp_path), watermarks_folder=str(tmp_path), all_visible=True
        )
    check_preset_files(load_presets(), fonts_folder="", watermarks_folder="", all_visible=True)
