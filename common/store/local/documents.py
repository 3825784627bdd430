"""Reads the documents in an image's folder."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from common.errors import UnreadableRecordError
from common.model import image_ids
from common.model.records import (
    Attempt,
    Manifest,
    Record,
    Result,
)
from common.recipes.recipe import Recipe
from common.store.disk.durable_files import read_if_there
from common.store.disk.layout import (
    ATTEMPT,
    MANIFEST,
    RESULT,
    failed_result,
)


class _Owned(msgspec.Struct):
    owner: str | None = None


UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding a damaged document raises; RecursionError for deep nesting."""

_MANIFEST: Final = msgspec.json.Decoder(Manifest)
_ATTEMPT: Final = msgspec.json.Decoder(Attempt)
_RESULT: Final = msgspec.json.Decoder(Result)
_FAILED: Final = re.compile(failed_result(0).replace("0", r"(\d+)").replace(".json", r"\.json"))


def read_record(folder: Path) -> Record | None:
    """Return what the files in an image's folder say; the result is read first, since it is written last."""
    result = read_if_there(folder / RESULT)
    attempt = None if result else read_if_there(folder / ATTEMPT)
    manifest = read_if_there(folder / MANIFEST)
    if manifest is None:
        return None
    with _naming_damage():
        return _decode(folder, manifest, attempt, result)


def _decode(folder: Path, manifest: bytes, attempt: bytes | None, result: bytes | None) -> Record:
    decoded = decode_result(result) if result else None
    return Record(
        manifest=_manifest(folder, manifest, decoded),
        attempt=_attempt(attempt) if attempt else None,
        result=decoded,
    )


def _manifest(folder: Path, document: bytes, result: Result | None) -> Manifest:
    """Return the manifest; of a finished image whose manifest is damaged, what is still known of it."""
    try:
        return _MANIFEST.decode(document)
    except UNREADABLE:
        if result is None:
            raise
    return Manifest(
        image_id=folder.name,
        filename=None,
        media_type="application/octet-stream",
        bytes=0,
        sha256="",
        recipe=Recipe(outputs=()),
        owner=_owner(document),
        received_at=image_ids.received_at(folder.name),
    )


def _owner(document: bytes) -> str | None:
    """Return the owner, where the damage left it: with keys configured, what has no owner is shown to nobody."""
    try:
        return msgspec.json.decode(document, type=_Owned).owner
    except UNREADABLE:
        return None


def _attempt(document: bytes) -> Attempt | None:
    """Return None if it cannot be read: it is not synced, and what a power cut leaves is as if it were not there."""
    try:
        return _ATTEMPT.decode(document)
    except UNREADABLE:
        return None


def read_record_of_attempt(folder: Path, attempt: int) -> Record | None:
    """Return the record with the result of that attempt; None when it has none, or there is no such image."""
    manifest = read_if_there(folder / MANIFEST)
    for name in (RESULT, failed_result(attempt)):
        found = read_if_there(folder / name)
        with _naming_damage():
            if manifest and found and decode_result(found).attempt == attempt:
                return _decode(folder, manifest, None, found)
    return None


def read_result(folder: Path) -> Result | None:
    """Return the result that stands, if there is one. Raises UnreadableRecordError when it is damaged."""
    found = read_if_there(folder / RESULT)
    with _naming_damage():
        return decode_result(found) if found else None


def decode_result(document: bytes) -> Result:
    """Return what a `result.json` says, whichever version wrote it. Raises msgspec.DecodeError when it is damaged."""
    try:
        result = _RESULT.decode(document)
    except msgspec.ValidationError:
        return _decode_older_result(document)
    # An older version called the report `picture`, which a decoder passes over as it does any unknown field.
    return _decode_older_result(document) if result.image is None and not result.failure else result


def _decode_older_result(document: bytes) -> Result:
    """Decode a result with the names that versions before 0.1.0 wrote; no version since writes them."""
    fields = msgspec.json.decode(document, type=dict[str, Any])
    if "picture" in fields:
        fields["image"] = fields.pop("picture")
    if isinstance(report := fields.get("image"), dict):
        fields["image"] = _with_american_names(report)
    return msgspec.convert(fields, Result)


def _with_american_names(report: dict[str, Any]) -> dict[str, Any]:
    """Return an image report with its British field names and its tag in American spelling, all else as it is."""
    renamed = _rename(report, "average_colour", "average_color")
    if isinstance(palette := renamed.get("palette"), list):
        renamed["palette"] = [
            _rename(swatch, "colour", "color") if isinstance(swatch, dict) else swatch for swatch in palette
        ]
    if isinstance(tags := renamed.get("tags"), list):
        renamed["tags"] = ["colorful" if tag == "colourful" else tag for tag in tags]
    return renamed


def _rename(fields: dict[str, Any], before: str, after: str) -> dict[str, Any]:
    return {after if name == before else name: value for name, value in fields.items()}


@contextmanager
def _naming_damage() -> Iterator[None]:
    """Raise UnreadableRecordError for one of the image's documents that cannot be decoded."""
    try:
        yield
    except UNREADABLE as error:
        raise UnreadableRecordError("a record of the image cannot be read") from error


def count_attempts(folder: Path) -> int:
    """Return the number of the image's last attempt, 0 if there is none; its record may be damaged."""
    document = read_if_there(folder / ATTEMPT)
    attempt = _attempt(document) if document else None
    return attempt.attempt if attempt else _reopened_from(folder)


def _reopened_from(folder: Path) -> int:
    """Return the attempt whose failure the image was opened again from; 0 if it never was."""
    try:
        with os.scandir(folder) as entries:
            kept = [_FAILED.fullmatch(entry.name) for entry in entries]
    except FileNotFoundError:
        return 0
    return max((int(found[1]) for found in kept if found), default=0)
