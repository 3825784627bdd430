"""The table of formats, and that a row and an encoder are all that a new output format takes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, get_args

import pytest

from common.formats import format_specs
from common.formats.format_detection import detect_format
from common.formats.format_specs import (
    FORMATS,
    Format,
    FormatSpec,
    find_format_of_plugin,
    output_formats,
)
from common.formats.manual_table import render_formats_table

ROOT: Final = Path(__file__).parents[4]


@pytest.mark.parametrize("field", ["name", "label", "media_type", "extension"])
def test_no_two_formats_share_a_name(field: str) -> None:
    values = [getattr(spec, field) for spec in FORMATS]
    assert len(set(values)) == len(values)


@pytest.mark.parametrize("spec", FORMATS, ids=lambda spec: spec.name)
def test_what_is_taken_can_be_recognized_and_read(spec: FormatSpec) -> None:
    assert not spec.input or (spec.plugins and (spec.signatures or spec.brands))


def test_a_recipe_names_the_formats_that_are_made() -> None:
    assert get_args(Format) == tuple(spec.name for spec in output_formats())


def test_pillows_names_lead_to_ours() -> None:
    assert find_format_of_plugin("MPO").name == "jpeg"
    assert find_format_of_plugin("WEBP").name == "webp"
    assert find_format_of_plugin("HEIF").name == "heif"


def test_the_manuals_table_has_a_row_for_each() -> None:
    lines = render_formats_table().splitlines()
    assert len(lines) == len(FORMATS) + 2
    assert len({line.count(" | ") for line in lines}) == 1
    webp = next(line for line in lines if line.startswith("| WebP"))
    assert "| `image/webp` | `.webp` | still, animated | still, animated | yes | 82 |" in webp
    assert "| TIFF | `image/tiff` | `.tiff` | still | no | yes |  |" in render_formats_table()


def test_what_is_no_longer_taken_is_not_recognized(monkeypatch: pytest.MonkeyPatch) -> None:
    assert detect_format(b"BM" + bytes(30)) is not None
    monkeypatch.setattr(format_specs, "FORMATS", tuple(spec for spec in FORMATS if spec.name != "bmp"))
    assert detect_format(b"BM" + bytes(30)) is None


ROW: Final = """
    FormatSpec(
        name="jxl",
        label="JPEG XL",
        media_type="image/jxl",
        extension="jxl",
        output=True,
        alpha=True,
        default_quality=75,
    ),
)
"""
ENCODER: Final = """

@encodes("jxl")
def _encode_jxl(source: Source, options: EncodeOptions) -> bytes:
    return b"\\xff\\x0astub, quality %d" % options.quality
"""
USE: Final = """
import json
import msgspec
from common.model.records import OutputRecord
from common.formats.manual_table import render_formats_table
from common.recipes.recipe import Recipe
from services.api.http.content_negotiation import negotiate
from tests.support.images.develop import developed
from tests.support.images.drawings import photograph

recipe = msgspec.convert({"outputs": [
    {"name": "large", "format": ["jxl", "jpeg"]}, {"name": "only", "format": "jxl"},
    {"name": "coarse", "format": "jxl", "quality": 9},
]}, Recipe)
files = developed(photograph(64, 48), recipe).outputs
records = [OutputRecord(name=f.name, filename=f.filename, url="", media_type=f.media_type, width=f.width,
    height=f.height, bytes=len(f.data), report=f.report) for f in files]
print(json.dumps({
    "files": [[f.filename, f.path, f.media_type, f.data[2:].decode()] for f in files if f.media_type == "image/jxl"],
    "reports": [f.report.quality for f in files],
    "anything": [negotiate("*/*", records[:2]).filename, negotiate("*/*", records[2:3]).filename],
    "named": negotiate("image/jxl,*/*;q=0.8", records[:2]).filename,
    "schema": "jxl" in json.dumps(msgspec.json.schema(Recipe)),
    "table": "| JPEG XL | `image/jxl` | `.jxl` | no | still | yes | 75 |" in render_formats_table(),
}))
"""


def copy_with_a_new_format(folder: Path) -> None:
    """The code as somebody leaves it who has added JPEG XL: a row at the end of the table, and a function."""
    for name in ("common", "services"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    table, encoders = (
        folder / "common/formats/format_specs.py",
        folder / "services/worker/encoding/encoders.py",
    )
    source = table.read_text()
    end = re.search(r"^FORMATS: .*?(^\)$)", source, flags=re.DOTALL | re.MULTILINE)
    assert end is not None
    table.write_text(source[: end.start(1)] + ROW + source[end.end(1) :])
    encoders.write_text(encoders.read_text() + ENCODER)


def test_a_row_and_an_encoder_are_all_a_new_output_format_takes(tmp_path: Path) -> None:
    copy_with_a_new_format(tmp_path)

    ended = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr[-2000:]
    assert json.loads(ended.stdout) == {
        "files": [
            ["large.jxl", "large.jxl", "image/jxl", "stub, quality 75"],
            ["only.jxl", "only", "image/jxl", "stub, quality 75"],
            ["coarse.jxl", "coarse", "image/jxl", "stub, quality 9"],
        ],
        "reports": [75, 82, 75, 9],
        "anything": ["large.jpg", "only.jxl"],
        "named": "large.jxl",
        "schema": True,
        "table": True,
    }
