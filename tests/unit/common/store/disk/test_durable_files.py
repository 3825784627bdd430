import errno
import os
from pathlib import Path

import pytest

from common.errors import StoreFullError, StoreUnavailableError
from common.store.disk import durable_files


@pytest.mark.parametrize(
    "number, kind",
    [
        (errno.ENOSPC, StoreFullError),
        (errno.EDQUOT, StoreFullError),
        (errno.EFBIG, StoreFullError),
        (errno.EIO, StoreUnavailableError),
        (errno.EROFS, StoreUnavailableError),
        (errno.EACCES, StoreUnavailableError),
        (errno.ESTALE, StoreUnavailableError),
        (errno.ENOENT, StoreUnavailableError),
    ],
)
def test_what_the_file_system_says_becomes_an_error_of_the_surroundings(
    number: int, kind: type[Exception]
) -> None:
    error = durable_files.to_transient_error(OSError(number, os.strerror(number), "/secret/path"))

    assert type(error) is kind
    assert "/secret/path" not in str(error)


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 200_000])
def test_a_file_is_read_whole_whatever_its_size(tmp_path: Path, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    durable_files.write_file(tmp_path / "file", data[:size])

    assert durable_files.read_if_there(tmp_path / "file") == data[:size]
    assert durable_files.read_if_there(tmp_path / "none") is None


def test_creating_never_replaces(tmp_path: Path) -> None:
    assert durable_files.create_file(tmp_path, "result.json", b"first")
    assert not durable_files.create_file(tmp_path, "result.json", b"second")

    assert (tmp_path / "result.json").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_replacing_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    durable_files.replace_file(tmp_path, "attempt.json", b"before")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no room"):
        durable_files.replace_file(tmp_path, "attempt.json", b"after")

    assert (tmp_path / "attempt.json").read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["attempt.json"]


def test_folders_are_made_down_to_the_last_and_each_is_synced_in_its_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(durable_files, "sync_folder", synced.append)

    durable_files.make_folder(tmp_path / "a" / "b" / "c")
    durable_files.make_folder(tmp_path / "a" / "b" / "c")

    assert (tmp_path / "a" / "b" / "c").is_dir()
    assert synced == [tmp_path, tmp_path / "a", tmp_path / "a" / "b"]
