"""The store is chosen by its URL, and one that is none is said to be so in a line."""

from pathlib import Path

import pytest

from common.errors import ConfigurationError
from common.store import select_store
from tests.support.store.stored_images import uploaded


async def test_a_file_url_is_a_folder_of_this_machine(tmp_path: Path) -> None:
    root = tmp_path / "a store, with spaces"

    async with select_store(root.as_uri(), root="elsewhere")() as stores:
        await uploaded(stores.images)

    assert (root / "images").is_dir()


async def test_without_a_url_the_folder_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async with select_store("", root="relative/store")() as stores:
        await uploaded(stores.images)

    assert (tmp_path / "relative/store/images").is_dir()


@pytest.mark.parametrize(
    "url",
    ["s3://bucket", "/srv/store", "file://elsewhere/srv/store", "file:///", "file:", "file:///srv?x=1"],
)
def test_any_other_url_is_refused_with_what_is_allowed(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"STORE_URL .*allowed: file:///") as caught:
        select_store(url, root="var/store")

    assert "\n" not in str(caught.value)
