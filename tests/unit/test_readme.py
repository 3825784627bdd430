"""The README's tables say what the code does."""

import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from common.recipes.operations import Operation
from scripts import pictures
from services.api.routes import routes
from services.api.settings import ApiSettings
from services.notifications.settings import NotificationSettings
from services.worker.settings import WorkerSettings

README = Path(__file__).parents[2] / "README.md"


def rows(heading: str) -> list[list[str]]:
    """The cells of the table's rows in a section, without its head."""
    section = README.read_text().split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def documented() -> dict[str, str]:
    """Each documented variable with the default the table gives."""
    found: dict[str, str] = {}
    for name_cell, default_cell, *_ in rows("Configuration"):
        names = re.findall(r"`([A-Z_0-9]+)`", name_cell)
        defaults = default_cell.split(", ") if len(names) > 1 else [default_cell]
        found |= dict(zip(names, (default.strip("`") for default in defaults), strict=True))
    return found


@pytest.mark.parametrize("settings", [ApiSettings, WorkerSettings, NotificationSettings])
def test_every_setting_is_in_the_configuration_table_with_its_default(settings: type[Any]) -> None:
    table = documented()
    for field in msgspec.structs.fields(settings):
        shown = table[field.name.upper()]
        if isinstance(field.default, bool):
            assert shown == str(field.default).lower(), field.name
        elif isinstance(field.default, int | float):
            assert float(shown) == field.default, field.name
        elif isinstance(field.default, tuple) and field.default:
            assert shown == ",".join(map(str, field.default)), field.name
        elif field.default:
            assert shown == field.default, field.name
        else:
            assert shown in ("none", "Pillow's own"), field.name


def test_the_configuration_table_names_nothing_that_is_not_read() -> None:
    known = {
        field.name.upper()
        for settings in (ApiSettings, WorkerSettings, NotificationSettings)
        for field in msgspec.structs.fields(settings)
    }
    assert set(documented()) == known


def test_every_route_is_in_the_table_of_requests() -> None:
    text = README.read_text()
    for route in routes():
        assert getattr(route, "path", "") in text


CODE_NAMES = re.compile(r"`([A-Z_0-9]+)`")
CODE = re.compile(r"`([a-z]+_[a-z_]+)`")


def test_every_limit_is_told_with_the_code_it_answers_with() -> None:
    """A number that bounds something has a code in its row; the code is one of those explained above."""
    text = README.read_text()
    told = {
        name: CODE.findall(row[-1]) for row in rows("Configuration") for name in CODE_NAMES.findall(row[0])
    }
    codes = set(CODE.findall(text.split("Every refusal is", 1)[1].split("## What is made", 1)[0]))
    limits = [
        name
        for name in told
        if name.startswith(("MAX_", "MIN_", "RATE_", "UPLOAD_", "JOB_", "WORKER_MEMORY"))
    ]
    assert len(limits) >= 15
    for name in limits:
        assert told[name] or name in ("MAX_FRAMES", "MAX_TOTAL_PIXELS"), name
        assert set(told[name]) <= codes, name


def test_the_table_of_operations_is_as_the_structs_are() -> None:
    assert pictures.table() in README.read_text(), "make pictures brings it up to date"
    shown = {example["op"] for example in pictures.EXAMPLES}
    assert shown == {kind.__struct_config__.tag for kind in get_args(Operation)}
    for number in range(len(pictures.EXAMPLES)):
        assert pictures.picture_of(number).is_file()


def test_no_file_of_an_operation_is_long() -> None:
    folder = README.parent / "services/worker/operations"
    for path in folder.glob("[a-z]*.py"):
        assert len(path.read_text().splitlines()) <= 80, path.name
