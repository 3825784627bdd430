"""Reads the documents in an image's folder."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from common.errors import UnreadableRecordError
from common.model.records import (
    Attempt,
    Manifest,
    Record,
    Result,
)
from common.store.disk.durable_files import read_if_there
from common.store.disk.layout import (
    ATTEMPT,
    MANIFEST,
    RESULT,
    failed_result,
)

_MANIFEST: Final = msgspec.json.Decoder(Manifest)
_ATTEMPT: Final = msgspec.json.Decoder(Attempt)
_RESULT: Final = msgspec.json.Decoder(Result)
# Fields and tags as they were called before 0.1.0; no version since writes them.
_RENAMED: Final = {"average_colour": "average_color", "colour": "color", "colourful": "colorful"}
_FAILED: Final = re.compile(failed_result(0).replace("0", r"(\d+)").replace(".json", r"\.json"))


def read_record(folder: Path) -> Record | None:
    """Return what the files in an image's folder say; the result is read first, since it is written last."""
    result = read_if_there(folder / RESULT)
    attempt = None if result else read_if_there(folder / ATTEMPT)
    manifest = read_if_there(folder / MANIFEST)
    if manifest is None:
        return None
    with _naming_damage():
        return _decode(manifest, attempt, result)


def _decode(manifest: bytes, attempt: bytes | None, result: bytes | None) -> Record:
    return Record(
        manifest=_MANIFEST.decode(manifest),
        attempt=_attempt(attempt) if attempt else None,
        result=decode_result(result) if result else None,
    )


def _attempt(document: bytes) -> Attempt | None:
    """Return None if it cannot be read: it is not synced, and what a power cut leaves is as if it were not there."""
    try:
        return _ATTEMPT.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def read_record_of_attempt(folder: Path, attempt: int) -> Record | None:
    """Return the record with the result of that attempt; None when it has none, or there is no such image."""
    manifest = read_if_there(folder / MANIFEST)
    for name in (RESULT, failed_result(attempt)):
        found = read_if_there(folder / name)
        with _naming_damage():
            if manifest and found and decode_result(found).attempt == attempt:
                return _decode(manifest, None, found)
    return None


def read_result(folder: Path) -> Result | None:
    """Return the result that stands, if there is one."""
    found = read_if_there(folder / RESULT)
    return decode_result(found) if found else None


def decode_result(document: bytes) -> Result:
    """Return what a `result.json` says, whichever version wrote it."""
    try:
        return _RESULT.decode(document)
    except msgspec.ValidationError:
        return msgspec.convert(_with_current_names(msgspec.json.decode(document)), Result)


def _with_current_names(value: Any) -> Any:
    """Return the decoded document with the fields and tags that were renamed under their names of today."""
    if isinstance(value, dict):
        return {_RENAMED.get(name, name): _with_current_names(each) for name, each in value.items()}
    if isinstance(value, list):
        return [
            _RENAMED.get(each, each) if isinstance(each, str) else _with_current_names(each) for each in value
        ]
    return value


@contextmanager
def _naming_damage() -> Iterator[None]:
    """Say of a document that cannot be decoded that it is one of the image's records. Raises UnreadableRecordError."""
    try:
        yield
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableRecordError("a record of the image cannot be read") from error


def reopened_from(folder: Path) -> int:
    """Return the attempt whose failure the image was opened again from; 0 if it never was."""
    with os.scandir(folder) as entries:
        kept = [_FAILED.fullmatch(entry.name) for entry in entries]
    return max((int(found[1]) for found in kept if found), default=0)
