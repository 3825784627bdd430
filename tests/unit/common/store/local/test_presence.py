"""A store whose disk is not there says so: nothing that it holds is taken for deleted."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from common.errors import StoreUnavailableError
from common.model import image_ids
from common.store import IdempotencyRecord, Stores, select_store
from tests.support.store.stored_images import completed, failed, uploaded

ALL = timedelta(seconds=-1)


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    async with select_store("", root=str(tmp_path / "store"))() as made:
        yield made


async def original(stores: Stores, image_id: str) -> None:
    async with stores.images.original(image_id):
        raise StoreUnavailableError("there is no such file")


ASKING: dict[str, Callable[[Stores, str], Awaitable[object]]] = {
    "read": lambda stores, image_id: stores.images.read(image_id),
    "read_result": lambda stores, image_id: stores.images.read_result(image_id, 1),
    "record_attempt": lambda stores, image_id: stores.images.record_attempt(image_id, "worker"),
    "record_result": lambda stores, image_id: stores.images.record_result(failed(image_id), {}),
    "record_outputs": lambda stores, image_id: stores.images.record_result(*completed(image_id)),
    "original": original,
    "open_file": lambda stores, image_id: stores.images.open_file(image_id, "original", media_type="x"),
    "mark_unpublished": lambda stores, image_id: stores.images.mark_unpublished(image_id),
    "clear_pending": lambda stores, image_id: stores.images.clear_pending(image_id),
    "ping": lambda stores, image_id: stores.images.ping(),
    "page": lambda stores, image_id: stores.catalog.page(before=None, limit=9),
    "delete": lambda stores, image_id: stores.catalog.delete(image_id),
    "reopen": lambda stores, image_id: stores.catalog.reopen(image_id),
    "upload": lambda stores, image_id: uploaded(stores.images),
    "claim": lambda stores, image_id: stores.keys.claim(
        "key", IdempotencyRecord(fingerprint="other", image_ids=(image_ids.new(),))
    ),
}


@pytest.mark.parametrize("vanished", ["store", "store/images"])
@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING)
async def test_what_vanishes_with_the_disk_is_neither_gone_nor_lost(
    stores: Stores, tmp_path: Path, vanished: str, ask: Callable[[Stores, str], Awaitable[object]]
) -> None:
    image_id = await uploaded(stores.images)
    await stores.images.mark_published([image_id])
    await stores.keys.claim("key", IdempotencyRecord(fingerprint="f", image_ids=(image_id,)))
    (tmp_path / vanished).rename(tmp_path / "unmounted")
    if vanished == "store":
        (tmp_path / vanished).mkdir()

    with pytest.raises(StoreUnavailableError):
        await ask(stores, image_id)
    if vanished == "store":
        (tmp_path / vanished).rmdir()
    (tmp_path / "unmounted").rename(tmp_path / vanished)

    record = await stores.images.read(image_id)
    assert record is not None
    assert record.status == "uploaded"
    backlog = await stores.images.backlog()
    assert backlog.unpublished + backlog.unfinished >= 1
    assert await stores.catalog.page(before=None, limit=9) == [image_id]


async def opened(root: Path) -> list[str]:
    """The names of what opening the store logs."""
    with capture_logs() as logs:
        async with select_store("", root=str(root))() as stores:
            await stores.images.ping()
    return [entry["event"] for entry in logs]


@pytest.mark.parametrize("before", [None, (), ("lost+found",)])
async def test_a_new_store_is_said_to_be_one_once(tmp_path: Path, before: tuple[str, ...] | None) -> None:
    root = tmp_path / "store"
    for name in before or ():
        (root / name).mkdir(parents=True)
    if before == ():
        root.mkdir()

    assert await opened(root) == ["store.created"]
    assert await opened(root) == []


async def test_a_store_of_before_gets_its_marker(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()

    assert await opened(tmp_path) == []
