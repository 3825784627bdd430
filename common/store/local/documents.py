"""Reads the documents in an image's folder."""

import os
import re
from pathlib import Path
from typing import Final

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
_FAILED: Final = re.compile(failed_result(0).replace("0", r"(\d+)").replace(".json", r"\.json"))


def read_record(folder: Path) -> Record | None:
    """What the files in an image's folder say; the result first, since it is written last."""
    result = read_if_there(folder / RESULT)
    attempt = None if result else read_if_there(folder / ATTEMPT)
    manifest = read_if_there(folder / MANIFEST)
    if manifest is None:
        return None
    try:
        return _decode(manifest, attempt, result)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableRecordError("a record of the image cannot be read") from error


def _decode(manifest: bytes, attempt: bytes | None, result: bytes | None) -> Record:
    return Record(
        manifest=_MANIFEST.decode(manifest),
        attempt=_attempt(attempt) if attempt else None,
        result=decode_result(result) if result else None,
    )


def _attempt(document: bytes) -> Attempt | None:
    """None if it cannot be read: it is not synced, and what a power cut leaves of it is as if it were not there."""
    try:
        return _ATTEMPT.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def read_result(folder: Path) -> Result | None:
    """The result that stands, if there is one."""
    found = read_if_there(folder / RESULT)
    return decode_result(found) if found else None


def decode_result(document: bytes) -> Result:
    """What `result.json` says."""
    return _RESULT.decode(document)


def reopened_from(folder: Path) -> int:
    """The attempt whose failure the image was opened again from; 0 if it never was."""
    with os.scandir(folder) as entries:
        kept = [_FAILED.fullmatch(entry.name) for entry in entries]
    return max((int(found[1]) for found in kept if found), default=0)
