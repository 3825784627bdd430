"""Files that the operator names and that cannot be used: a line that says so, and no traceback."""

from pathlib import Path

import pytest

from tests.support.processes.services import Service


@pytest.mark.parametrize(
    "variable, content, said",
    [
        ("API_KEYS_FILE", None, "cannot be read: No such file or directory"),
        ("API_KEYS_FILE", "nonsense", "line 1: a line is NAME:SHA256"),
        ("PRESETS_FILE", None, "cannot be read: No such file or directory"),
        ("PRESETS_FILE", "[icon]", "preset 'icon'"),
    ],
)
def test_a_file_that_cannot_be_used_ends_the_api_with_a_line(
    tmp_path: Path, variable: str, content: str | None, said: str
) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_text(content)
    service = Service("api", "api", tmp_path, {variable: str(path), "STORE_ROOT": str(tmp_path / "store")})
    complaint = service.refusal()

    assert complaint.startswith(f"darkroom: {variable}")
    assert said in complaint


@pytest.mark.parametrize("kind", ["api", "worker"])
def test_a_preset_that_names_a_missing_font_ends_api_and_worker_with_a_line(
    tmp_path: Path, kind: str
) -> None:
    presets, fonts = tmp_path / "presets.toml", tmp_path / "fonts"
    fonts.mkdir()
    presets.write_text(
        '[default]\n[[default.outputs]]\nname = "a"\n'
        'operations = [{ op = "watermark", text = "x", font = "Inter.ttf" }]\n'
    )
    settings = {
        "PRESETS_FILE": str(presets),
        "FONTS_FOLDER": str(fonts),
        "STORE_ROOT": str(tmp_path / "store"),
    }

    complaint = Service(kind, kind, tmp_path, settings).refusal().strip()

    assert complaint == (
        "darkroom: FONTS_FOLDER fonts has no such file: preset 'default' names the font 'Inter.ttf'"
    )
