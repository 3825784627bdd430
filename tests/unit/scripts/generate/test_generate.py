"""What is made from the code is as the code is, and the check says so when it is not."""

import re
from pathlib import Path

import pytest

from scripts.generate import artifacts as module
from scripts.generate.__main__ import artifacts
from scripts.generate.artifacts import ROOT, Artifact, page_with, stale
from scripts.generate.settings import SET_BY_THE_RUN, settings_by_reader
from scripts.local_stack.configuration import settings as local_settings
from scripts.run_variables import DOCKER_VARIABLES, LOCAL_VARIABLES, RUN_VARIABLES


def test_nothing_generated_is_stale() -> None:
    assert [each.path.name for each in stale(artifacts())] == [], "make generate brings it up to date"


def test_a_missing_and_a_changed_file_are_stale(tmp_path: Path) -> None:
    (tmp_path / "changed").write_text("old")
    (tmp_path / "same").write_text("same")
    wanted = [Artifact(tmp_path / name, "same") for name in ("missing", "changed", "same")]

    assert stale(wanted) == wanted[:2]


def test_only_the_section_of_a_page_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- generated: x -->\nold\n<!-- end of x -->\nafter\n")

    made = page_with(page, {"x": "new\n"})

    assert made.content == "before\n<!-- generated: x -->\n\nnew\n\n<!-- end of x -->\nafter\n"


def test_a_page_without_the_section_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("nothing\n")

    with pytest.raises(ValueError, match=r"page\.md has no section"):
        page_with(page, {"x": "new"})


def test_a_setting_of_two_services_is_the_same_in_both() -> None:
    variables = [each.variable for group in settings_by_reader().values() for each in group]

    assert len(variables) == len(set(variables))


def test_settings_env_holds_every_setting_that_the_run_does_not_set_itself() -> None:
    lines = (ROOT / "docker/settings.env").read_text().splitlines()
    names = {line for line in lines if line and not line.startswith("#")}

    known = {each.variable for group in settings_by_reader().values() for each in group}
    assert names == known - SET_BY_THE_RUN
    assert known >= SET_BY_THE_RUN


def test_the_variables_of_the_run_are_those_of_compose_with_the_same_defaults() -> None:
    pattern = re.compile(r"\$\{([A-Z_]+):-([^}]*)\}")
    asked = dict(pattern.findall((ROOT / "compose.yaml").read_text()))

    assert {each.name: each.default for each in (*RUN_VARIABLES, *DOCKER_VARIABLES)} == asked


def test_the_variables_of_the_run_are_those_of_the_local_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    described = {each.name: each.default for each in (*RUN_VARIABLES, *LOCAL_VARIABLES)}
    for name in described:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("scripts.local_stack.configuration.read_dotenv", lambda _: {})

    values = local_settings()

    assert {name: values[name].removeprefix(f"{ROOT}/") for name in described} == described


def test_the_local_stack_knows_the_default_of_the_grace_period(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHUTDOWN_GRACE_SECONDS", raising=False)
    monkeypatch.setattr("scripts.local_stack.configuration.read_dotenv", lambda _: {})
    (described,) = (
        each
        for group in settings_by_reader().values()
        for each in group
        if each.variable == "SHUTDOWN_GRACE_SECONDS"
    )

    assert local_settings()["SHUTDOWN_GRACE_SECONDS"] == described.default
