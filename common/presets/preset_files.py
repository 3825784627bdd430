"""Checks at the start that the fonts and images which presets name exist, so that no image fails later for it."""

from pathlib import Path
from typing import Final

from common.errors import ConfigurationError
from common.presets.presets import Presets
from common.recipes.operations import files_named

_SETTINGS: Final = {"font": "FONTS_FOLDER", "image": "WATERMARKS_FOLDER"}


def check_preset_files(
    presets: Presets, *, fonts_folder: str, watermarks_folder: str, all_visible: bool
) -> None:
    """Raise ConfigurationError, naming preset, file and setting, for the first missing file that a preset names.

    The folders are settings and may be empty. With `all_visible` false, as for the API, a folder that is not set or not
    on this machine is not judged.
    """
    folders = {"font": fonts_folder, "image": watermarks_folder}
    for name, preset in presets.items():
        for output in preset.outputs:
            for kind, file in files_named(output.operations):
                _check_file(name, kind, file, folders[kind], all_visible=all_visible)


def _check_file(preset: str, kind: str, file: str, folder: str, *, all_visible: bool) -> None:
    if not all_visible and not (folder and Path(folder).is_dir()):
        return
    what = f"preset {preset!r} names the {kind} {file!r}"
    if not folder:
        raise ConfigurationError(f"{_SETTINGS[kind]} is not set, but {what}")
    if not (Path(folder) / file).is_file():
        raise ConfigurationError(f"{_SETTINGS[kind]} {Path(folder).name} has no such file: {what}")
