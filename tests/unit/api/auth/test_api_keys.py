"""The file of API keys, and the command that adds one."""

import os
from pathlib import Path

import pytest

from common.errors import ConfigurationError
from services.api.auth.api_keys import (
    ApiKeyFile,
    create_key,
    main,
    parse,
)


def test_the_command_prints_a_key_that_the_file_then_admits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "keys"

    assert main([str(path), "alice"]) == 0
    assert main([str(path), "bob"]) == 0

    first, second = capsys.readouterr().out.split()
    api_keys = ApiKeyFile(path)
    assert (api_keys.owner_of(first), api_keys.owner_of(second)) == ("alice", "bob")
    assert first not in path.read_text()
    assert path.stat().st_mode & 0o022 == 0, "nobody else may admit themselves"


@pytest.mark.parametrize("arguments", [[], ["only one"], ["a", "b", "c"]])
def test_the_command_says_how_it_is_used(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "a:b", "a b", "../x", "x" * 65, "-x", "é", "a\n"])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    assert main([str(tmp_path / "keys"), name]) == 1
    assert not (tmp_path / "keys").exists()


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    assert [main([str(path), "alice"]) for _ in range(2)] == [0, 1]
    assert len(path.read_text().splitlines()) == 1


@pytest.mark.parametrize("key", ["", "dk_", "x", "é", "x" * 10_000])
def test_another_key_is_nobody_s(key: str, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(create_key("alice")[1])

    assert ApiKeyFile(tmp_path / "keys").owner_of(key) is None


@pytest.mark.parametrize("line", ["alice", "alice:", "alice:xyz", "alice:" + "A" * 64, ":" + "a" * 64])
def test_a_line_that_is_none_is_named_by_its_number(line: str) -> None:
    with pytest.raises(ConfigurationError, match="line 3"):
        parse(f"# keys\n\n{line}\n")


def test_a_change_is_followed_and_a_damaged_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    (old, old_line), (new, new_line) = create_key("alice"), create_key("bob")
    path.write_text(old_line)
    api_keys = ApiKeyFile(path)

    path.write_text(new_line)
    os.utime(path, (1, 1))
    api_keys.refresh()
    assert (api_keys.owner_of(old), api_keys.owner_of(new)) == (None, "bob")
    assert (api_keys.knows("alice"), api_keys.knows("bob")) == (False, True)
    path.write_text("nonsense")
    os.utime(path, (2, 2))
    with pytest.raises(ConfigurationError):
        api_keys.refresh()
    path.unlink()
    with pytest.raises(ConfigurationError, match="API_KEYS_FILE"):
        api_keys.refresh()
    assert api_keys.owner_of(new) == "bob"


def test_a_key_is_withdrawn_whatever_the_time_stamps_say(tmp_path: Path) -> None:
    """A file put back by a tool that keeps time stamps, or changed twice within one tick of the clock."""
    path = tmp_path / "keys"
    (old, old_line), (new, new_line) = create_key("alice"), create_key("alice")
    path.write_text(old_line)
    os.utime(path, (1, 1))
    keys = ApiKeyFile(path)

    path.write_text(new_line)
    os.utime(path, (1, 1))
    keys.refresh()

    assert (keys.owner_of(old), keys.owner_of(new)) == (None, "alice")
