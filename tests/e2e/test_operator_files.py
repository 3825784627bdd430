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
