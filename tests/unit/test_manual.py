"""The manual's tables say what the code does."""

import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from common.errors import DarkroomError, ImageError, StoreFullError, StoreUnavailableError
from common.formats.format_specs import FORMATS
from common.recipes.operations import Operation
from scripts.generate.decisions import decisions
from scripts.generate.recipes import examples
from services.api.routes import routes
from services.api.settings import ApiSettings
from services.notifications.settings import NotificationSettings
from services.worker.settings import WorkerSettings

ROOT = Path(__file__).parents[2]
HTTP = ROOT / "docs/http.md"
RECIPES = ROOT / "docs/recipes.md"
CONFIGURATION = ROOT / "docs/configuration.md"


def rows(page: Path, heading: str) -> list[list[str]]:
    """The cells of the rows of a section's tables, without the head of each."""
    section = page.read_text().split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    tables = re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE)
    lines = [line for table in tables for line in table.splitlines()[2:]]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def documented_settings() -> dict[str, str]:
    """Each documented setting with the default the table gives."""
    found: dict[str, str] = {}
    for name, default, *_ in rows(CONFIGURATION, "Settings of the services"):
        assert name.strip("`") not in found, "a setting stands in one place"
        found[name.strip("`")] = default.strip("`")
    return found


@pytest.mark.parametrize("settings", [ApiSettings, WorkerSettings, NotificationSettings])
def test_every_setting_is_in_the_configuration_table_with_its_default(settings: type[Any]) -> None:
    table = documented_settings()
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
            assert shown == "none", field.name


def test_the_configuration_table_names_nothing_that_is_not_read() -> None:
    known = {
        field.name.upper()
        for settings in (ApiSettings, WorkerSettings, NotificationSettings)
        for field in msgspec.structs.fields(settings)
    }
    assert set(documented_settings()) == known


def test_every_route_is_in_the_table_of_requests() -> None:
    text = HTTP.read_text()
    for route in routes():
        assert getattr(route, "path", "") in text


CODE = re.compile(r"`([a-z]+_[a-z_]+)`")


def test_every_limit_is_told_with_the_code_it_answers_with() -> None:
    """A number that bounds something has a code in its row; the code is one of those explained in the manual."""
    told = {
        row[0].strip("`"): CODE.findall(row[-1]) for row in rows(CONFIGURATION, "Settings of the services")
    }
    failures = HTTP.read_text().split("### Why an image failed", 1)[1].split("\n## ", 1)[0]
    codes = {row[1].strip("`") for row in rows(HTTP, "Problems")} | set(CODE.findall(failures))
    limits = [
        name
        for name in told
        if name.startswith(("MAX_", "MIN_", "RATE_", "UPLOAD_", "JOB_", "WORKER_MEMORY"))
        and name != "MAX_STALLED_READERS"  # what is beyond it is closed in mid-answer
    ]
    assert len(limits) >= 15
    for name in limits:
        assert told[name], name
        assert set(told[name]) <= codes, name


def test_every_format_is_in_the_table_of_formats() -> None:
    told = {row[1].strip("`") for row in rows(RECIPES, "Formats") if len(row) > 2}
    assert told == {spec.media_type for spec in FORMATS}


def test_every_operation_has_an_example_with_an_image() -> None:
    assert {example.tag for example in examples()} == {
        kind.__struct_config__.tag for kind in get_args(Operation)
    }
    for example in examples():
        assert example.path.is_file(), "make generate draws it"


def test_every_code_of_a_failed_image_is_in_the_manual() -> None:
    failures = HTTP.read_text().split("### Why an image failed", 1)[1].split("\n## ", 1)[0]
    kinds: list[type[DarkroomError]] = [*ImageError.__subclasses__(), StoreFullError, StoreUnavailableError]
    codes = {kind.code for kind in kinds}
    assert set(CODE.findall(failures)) >= codes


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [path.name.split("-")[0] for path in decisions()]
    assert len(numbers) >= 10
    assert sorted(set(numbers)) == numbers


PAGES = sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
FILE = re.compile(r"`((?:common|services|tests|scripts|docker|docs)/[\w./-]+|[\w.-]+\.(?:toml|yaml|md))`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    named = [name for name in FILE.findall(page.read_text()) if "NAME" not in name]
    assert [name for name in named if not (ROOT / name).exists()] == []


LINK = re.compile(r"\]\(([^)#]+)[^)]*\)|src=\"([^\"]+)\"")


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")), ids=lambda page: page.name)
def test_every_link_of_a_front_page_leads_somewhere(page: Path) -> None:
    """The pages of docs/ are checked by `make docs`."""
    targets = ["".join(groups) for groups in LINK.findall(page.read_text())]
    assert [to for to in targets if "://" not in to and not (ROOT / to).exists()] == []


def test_the_readme_is_a_front_page() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_no_file_of_an_operation_is_long() -> None:
    for path in (ROOT / "services/worker/operations").glob("[a-z]*.py"):
        assert len(path.read_text().splitlines()) <= 80, path.name
