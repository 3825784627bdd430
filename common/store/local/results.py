"""Writes results: the outputs first, then the result that makes them count, once; then the marks of work go."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from common.errors import ImageGoneError, StoreUnavailableError, UnreadableRecordError
from common.model.records import Result
from common.store.disk import durable_files
from common.store.disk.layout import MANIFEST, RESULT, UNREADABLE_RESULT, Layout
from common.store.local import pending_index
from common.store.local.documents import decode_result, read_result
from common.store.local.presence import verify_present


def record_result(layout: Layout, result: Result, outputs: Mapping[str, bytes]) -> Result:
    """Write outputs and result unless there is a result; return the one that stands. Raises ImageGoneError."""
    folder = layout.image(result.image_id)
    with naming_missing_files(layout, folder):
        standing = _readable_result(folder) or _write(folder, result, outputs)
    _clear_if_ended(layout, result.image_id)
    return standing


def clear_pending(layout: Layout, image_id: str) -> None:
    """Remove the marks of an image that is finished or gone, and what a writer that died has left in its folder."""
    durable_files.remove_temporaries(layout.image(image_id))
    _clear_if_ended(layout, image_id)


@contextmanager
def naming_missing_files(layout: Layout, folder: Path) -> Iterator[None]:
    """Say what a file that vanished means: the image was deleted, or another worker is at it."""
    try:
        yield
    except FileNotFoundError as error:
        if (folder / MANIFEST).exists():
            raise StoreUnavailableError("another worker is at the same image") from error
        verify_present(layout)
        raise ImageGoneError("the image was deleted") from error


def _clear_if_ended(layout: Layout, image_id: str) -> None:
    """Remove the marks of an image that is finished or gone: one that was opened again meanwhile needs its mark."""
    folder = layout.image(image_id)
    if not (folder / RESULT).exists():
        if folder.exists():
            return
        verify_present(layout)
    pending_index.clear(layout, image_id)


def _readable_result(folder: Path) -> Result | None:
    """Return the result that stands; a damaged one is set aside, since it never will be read, and counts as none."""
    try:
        return read_result(folder)
    except UnreadableRecordError:
        (folder / RESULT).replace(folder / UNREADABLE_RESULT)
        return None


def _write(folder: Path, result: Result, outputs: Mapping[str, bytes]) -> Result:
    """Return the result that stands then: another worker may have been faster."""
    try:
        _write_outputs(folder, outputs)
        if result.status == "failed":
            # Before the result: as soon as that is seen the image may be opened again, and others write here.
            durable_files.remove_temporaries(folder)
        ours = durable_files.create_file(folder, RESULT, msgspec.json.encode(result))
    except FileNotFoundError:
        # The first to finish has removed our temporary files with those of the dead; or the image is deleted.
        ours = False
    if not ours:
        return decode_result((folder / RESULT).read_bytes())
    durable_files.sync_folder(folder)
    if result.status == "completed":
        durable_files.remove_temporaries(folder)
    return result


def _write_outputs(folder: Path, outputs: Mapping[str, bytes]) -> None:
    written: list[tuple[Path, Path]] = []
    try:
        for name, data in outputs.items():
            written.append((durable_files.write_temporary(folder, data), folder / name))
        if (folder / RESULT).exists():
            return  # another was faster, and what is finished is not touched any more
        for temporary, final in written:
            temporary.replace(final)
    finally:
        for temporary, _ in written:
            temporary.unlink(missing_ok=True)
    if written:
        # Before the result: a result that survives a power cut has its outputs.
        durable_files.sync_folder(folder)
