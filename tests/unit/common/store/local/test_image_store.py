"""The local store's own promise: what it said was kept survives a power cut, and what fails half-way is not seen."""

import asyncio
import errno
import os
import threading
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from common.errors import StoreFullError, StoreUnavailableError, TransientError
from common.model import image_ids
from common.store import Stores, select_store
from common.store.disk import durable_files
from common.store.local import results
from tests.support.store.stored_images import (
    completed,
    content_of,
    failed,
    manifest,
    uploaded,
)


def folder_of(root: Path, image_id: str) -> Path:
    """Where the design says that an image lies."""
    return root / "images" / f"{image_ids.received_at(image_id):%Y/%m/%d/%H%M}" / image_id


SYNCS = ("fsync", "rename", "replace", "link")


class SystemCalls:
    """Records what is made durable and what is given a name, in order; fails at the call numbered `fail_at`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[str, str]] = []
        self.fail_at: int | None = None
        for name in SYNCS:
            monkeypatch.setattr(os, name, self._recording(name, getattr(os, name)))

    def _recording(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(*arguments: Any, **keywords: Any) -> Any:
            if self.fail_at == len(self.calls):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.calls.append((name, _described(arguments[-1])))
            return call(*arguments, **keywords)

        return recorded


def _described(argument: Any) -> str:
    path = Path(f"/proc/self/fd/{argument}").readlink() if isinstance(argument, int) else Path(argument)
    return "temporary" if path.name.startswith(".tmp-") else path.name


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    async with select_store(tmp_path.as_uri(), root="")() as made:
        yield made


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> SystemCalls:
    return SystemCalls(monkeypatch)


async def test_a_commit_syncs_the_bytes_before_the_name_and_the_name_before_it_returns(
    stores: Stores, system: SystemCalls
) -> None:
    image_id = await uploaded(stores.images)

    minute = f"{image_ids.received_at(image_id):%H%M}"
    calls = system.calls
    in_order = [
        ("fsync", "original"),
        ("fsync", "manifest.json"),
        ("fsync", image_id),
        ("rename", image_id),
        ("fsync", minute),
    ]
    assert [call for call in calls if call in in_order] == in_order
    assert calls[-1] == ("fsync", minute)


async def test_outputs_are_durable_before_the_result_and_the_result_before_finish_returns(
    stores: Stores, system: SystemCalls
) -> None:
    image_id = await uploaded(stores.images)
    system.calls.clear()

    await stores.images.record_result(*completed(image_id))

    assert system.calls == [
        ("fsync", "temporary"),
        ("replace", "large.jpg"),
        ("fsync", image_id),
        ("fsync", "temporary"),
        ("link", "result.json"),
        ("fsync", image_id),
    ]


async def test_a_commit_that_fails_at_any_step_is_unseen_or_whole(
    stores: Stores, system: SystemCalls, tmp_path: Path
) -> None:
    steps = await _steps(stores, system)
    for step in range(steps):
        image_id = image_ids.new()
        async with stores.images.stage(image_id) as upload:
            await upload.write(b"image")
            system.calls.clear()
            system.fail_at = step
            with pytest.raises(StoreFullError):
                await upload.commit(manifest(image_id))
            system.fail_at = None

        record = await stores.images.read(image_id)
        if record is not None:
            async with stores.images.original(image_id) as path:
                assert path.read_bytes() == b"image"
        assert not list((tmp_path / "incoming").iterdir()), f"step {step} leaves something behind"


async def test_a_finish_that_fails_at_any_step_leaves_no_half_result(
    stores: Stores, system: SystemCalls
) -> None:
    for step in range(6):
        image_id = await uploaded(stores.images)
        system.calls.clear()
        system.fail_at = step
        with pytest.raises(StoreFullError):
            await stores.images.record_result(*completed(image_id))
        system.fail_at = None

        record = await stores.images.read(image_id)
        assert record is not None
        if record.result is not None:
            assert await content_of(
                await stores.images.open_file(image_id, "large.jpg", media_type="image/jpeg")
            )
        result, outputs = completed(image_id, attempt=2)
        standing = await stores.images.record_result(result, outputs)
        assert standing == (record.result or result), "it can be finished afterward"


async def test_a_full_disk_in_the_middle_of_an_upload_is_said_to_be_full(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with stores.images.stage(image_ids.new()) as upload:
        await upload.write(b"x" * 1_000_000)
        file: Any = upload._file  # type: ignore[attr-defined]

        async def full(_: bytes) -> int:
            raise OSError(errno.ENOSPC, "no room")

        monkeypatch.setattr(file, "writelines", full)
        with pytest.raises(StoreFullError):
            await upload.write(b"x" * 1_000_000)
        monkeypatch.undo()

    assert not list((tmp_path / "incoming").iterdir())


async def test_a_store_whose_folders_vanish_is_unavailable(stores: Stores, tmp_path: Path) -> None:
    (tmp_path / "incoming").rmdir()

    with pytest.raises(StoreUnavailableError):
        await stores.images.ping()
    with pytest.raises(TransientError):
        await uploaded(stores.images)


async def test_a_record_that_cannot_be_read_is_the_store_s_fault(stores: Stores, tmp_path: Path) -> None:
    image_id = await uploaded(stores.images)
    (folder_of(tmp_path, image_id) / "manifest.json").write_bytes(b"{")

    with pytest.raises(StoreUnavailableError):
        await stores.images.read(image_id)


@pytest.mark.parametrize("image_id", ["..", "../../etc", "x", ""])
async def test_only_an_id_becomes_a_path(stores: Stores, image_id: str) -> None:
    with pytest.raises(ValueError, match="not an image id"):
        await stores.images.read(image_id)


async def test_images_lie_in_folders_of_their_minute(stores: Stores, tmp_path: Path) -> None:
    image_id = await uploaded(stores.images)

    folder = folder_of(tmp_path, image_id)
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "original"]


async def test_deleting_the_last_image_of_a_day_removes_the_day(stores: Stores, tmp_path: Path) -> None:
    await stores.catalog.delete(await uploaded(stores.images))

    assert not list((tmp_path / "images").iterdir())
    assert not list((tmp_path / "incoming").iterdir())


async def test_a_sweep_removes_what_a_crash_left_and_nothing_else(stores: Stores, tmp_path: Path) -> None:
    kept = await uploaded(stores.images)
    left = tmp_path / "incoming" / image_ids.new()
    left.mkdir()
    (left / "original").write_bytes(b"half")
    (tmp_path / "incoming" / ".tmp-x").write_bytes(b"")

    assert await stores.catalog.sweep(older_than=timedelta(hours=1)) == 0
    assert await stores.catalog.sweep(older_than=timedelta(seconds=-1)) == 2

    assert not list((tmp_path / "incoming").iterdir())
    assert await stores.images.read(kept) is not None


async def test_what_a_dead_writer_left_goes_when_the_image_ends(stores: Stores, tmp_path: Path) -> None:
    image_id = await uploaded(stores.images)
    folder = folder_of(tmp_path, image_id)
    (folder / ".tmp-dead").write_bytes(b"half an output")

    await stores.images.record_result(*completed(image_id))

    assert not list(folder.glob(".tmp-*"))


async def test_work_on_the_disk_never_holds_up_the_event_loop(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop_thread = asyncio.get_running_loop()
    seen: list[bool] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        try:
            seen.append(asyncio.get_running_loop() is loop_thread)
        except RuntimeError:
            seen.append(False)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    image_id = await uploaded(stores.images)
    await stores.images.record_result(*completed(image_id))

    assert seen
    assert not any(seen)


async def _steps(stores: Stores, system: SystemCalls) -> int:
    """How many recorded calls a commit makes when its folders are there."""
    await uploaded(stores.images)
    system.calls.clear()
    await uploaded(stores.images)
    return len(system.calls)


async def test_an_attempt_that_a_power_cut_damaged_is_as_if_it_were_not_there(
    stores: Stores, tmp_path: Path
) -> None:
    image_id = await uploaded(stores.images)
    for damaged in (b"\0" * 90, b"\xff{", b'{"attempt": 1'):
        (folder_of(tmp_path, image_id) / "attempt.json").write_bytes(damaged)
        record = await stores.images.read(image_id)
        assert record is not None
        assert (record.status, record.attempts) == ("uploaded", 0)

    begun = await stores.images.record_attempt(image_id, "worker")
    assert begun is not None
    assert begun.attempts == 1


async def test_a_failed_image_that_is_opened_again_at_once_keeps_its_note_and_its_new_attempt(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as the result is seen, a client may ask for another try, while the first worker still cleans up."""
    image_id = await uploaded(stores.images)
    await stores.images.record_attempt(image_id, "first")
    outbox, folder = tmp_path / "outbox" / image_id, folder_of(tmp_path, image_id)
    sync = durable_files.sync_folder

    def opened_again(synced: Path) -> None:
        sync(synced)
        if (folder / "result.json").exists():
            (folder / "result.json").rename(folder / "failed-1.json")
            outbox.touch()
            (folder / ".tmp-attempt-of-the-second").touch()

    monkeypatch.setattr(durable_files, "sync_folder", opened_again)
    result = failed(image_id)

    assert await stores.images.record_result(result, {}) == result
    assert outbox.exists()
    assert (folder / ".tmp-attempt-of-the-second").exists()


async def test_what_is_finished_is_not_written_again(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers at once, of two versions: the second saw no result when it began to write."""
    image_id = await uploaded(stores.images)
    first, outputs = completed(image_id)
    await stores.images.record_result(first, outputs)
    monkeypatch.setattr(results, "read_result", lambda _: None)

    assert (
        await stores.images.record_result(*completed(image_id, attempt=2, data=b"otherwise developed"))
        == first
    )

    folder = folder_of(tmp_path, image_id)
    assert (folder / "large.jpg").read_bytes() == b"developed"
    assert not list(folder.glob(".tmp-*"))


async def test_a_worker_whose_files_vanish_has_not_lost_the_image(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = await uploaded(stores.images)

    def swept(*_: object, **__: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "no such file")

    monkeypatch.setattr(durable_files, "replace_file", swept)
    with pytest.raises(StoreUnavailableError):
        await stores.images.record_attempt(image_id, "worker")


async def test_a_minute_that_is_removed_under_an_upload_is_made_again(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, made = durable_files.make_folder, 0

    def emptied(folder: Path) -> None:
        nonlocal made
        make(folder)
        made += 1
        if made == 1:
            folder.rmdir()

    monkeypatch.setattr("common.store.local.staged_upload.make_folder", emptied)
    image_id = await uploaded(stores.images)

    assert await stores.images.read(image_id) is not None


async def test_an_upload_that_does_not_become_visible_leaves_no_note(
    stores: Stores, system: SystemCalls
) -> None:
    await uploaded(stores.images)
    image_id = image_ids.new()
    async with stores.images.stage(image_id) as upload:
        await upload.write(b"image")
        system.calls.clear()
        system.fail_at = 3  # after the bytes, the manifest and their folder: the rename
        with pytest.raises(StoreFullError):
            await upload.commit(manifest(image_id))
        system.fail_at = None

    assert (await stores.images.backlog()).unpublished == 1  # the first one's


async def test_the_store_works_while_all_that_inspects_is_busy(stores: Stores) -> None:
    go_on, threads = threading.Event(), set[str]()

    def busy(_file: BinaryIO) -> None:
        threads.add(threading.current_thread().name)
        go_on.wait(30)

    async def inspect() -> None:
        async with stores.images.stage(image_ids.new()) as upload:
            await upload.write(b"data")
            await upload.inspect(busy)

    inspections = [asyncio.create_task(inspect()) for _ in range(40)]
    try:
        image_id = await asyncio.wait_for(uploaded(stores.images), timeout=20)
        assert await asyncio.wait_for(stores.images.read(image_id), timeout=20)
    finally:
        go_on.set()
        await asyncio.gather(*inspections)
    assert len(threads) <= 2
