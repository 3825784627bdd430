"""Writes an RGB profile anew from the few values that say what its colors are (ICC.1:2022).

An embedded profile is the original's bytes: beside primaries and curves it may hold names, serial numbers, private
tags, and whatever was appended. So a profile that an output keeps is made of what was read here, within bounds, and of
nothing else. Only profiles of three primaries and three curves are made anew, which cameras, phones, screens and the
usual working spaces have; of any other the colors are converted instead.
"""

import struct
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from services.worker.decoding.pillow_plugins import MAX_PROFILE_BYTES

_HEADER_BYTES: Final = 128
_ENTRY_BYTES: Final = 12
_MAX_TAGS: Final = 100
_MAX_CURVE_POINTS: Final = 4096
_CLASSES: Final = (b"mntr", b"scnr", b"spac")
_PRIMARIES: Final = (b"rXYZ", b"gXYZ", b"bXYZ")
_CURVES: Final = (b"rTRC", b"gTRC", b"bTRC")
_TABLES: Final = (b"A2B0", b"A2B1", b"A2B2", b"D2B0", b"D2B1", b"D2B2", b"D2B3")
_PARAMETERS: Final = (1, 3, 4, 5, 7)  # of the five kinds of parametric curves
_D50: Final = (63190, 65536, 54061)  # 0.9642, 1, 0.8249 in units of 1/65536
_TEXT: Final = "Made anew from the primaries and curves of an embedded profile"


def rebuild_rgb_profile(profile: bytes) -> bytes | None:
    """Return a profile of the same primaries and curves as this, and of nothing else it holds.

    None for one that is broken or too large, that is not for RGB, or whose colors are more than primaries and curves.
    """
    try:
        major, intent = _read_header(profile)
        tags = _read_tags(profile)
        if any(name in tags for name in _TABLES):
            return None  # a reader would take these first, and see other colors without them
        rebuilt = {name: _xyz(tags[name]) for name in (*_PRIMARIES, b"wtpt")}
        rebuilt |= {name: _curve(tags[name]) for name in _CURVES}
        if b"chad" in tags:
            rebuilt[b"chad"] = _matrix(tags[b"chad"])
    except (KeyError, ValueError, struct.error):
        return None
    return _profile(major, intent, rebuilt)


def _read_header(profile: bytes) -> tuple[int, int]:
    """Return the major version and the rendering intent. Raises ValueError for what is not an RGB profile over XYZ."""
    size, major, kind, space, connection, signature, intent = struct.unpack_from(
        ">I4xB3x4s4s4s12x4s24xI", profile
    )
    if not _HEADER_BYTES < size <= len(profile) <= MAX_PROFILE_BYTES or signature != b"acsp":
        raise ValueError("not a profile")
    if kind not in _CLASSES or (space, connection) != (b"RGB ", b"XYZ ") or major not in {2, 4} or intent > 3:  # noqa: PLR2004 - there are four intents
        raise ValueError("not a profile of RGB by primaries")
    return major, intent


def _read_tags(profile: bytes) -> dict[bytes, bytes]:
    """Return the data of each tag. Raises ValueError for more tags, or other places, than a profile has."""
    (count,) = struct.unpack_from(">I", profile, _HEADER_BYTES)
    if count > _MAX_TAGS:
        raise ValueError("too many tags")
    tags: dict[bytes, bytes] = {}
    for number in range(count):
        name, start, length = struct.unpack_from(">4sII", profile, _HEADER_BYTES + 4 + number * _ENTRY_BYTES)
        if name in tags or start + length > len(profile):
            raise ValueError("a tag twice, or beyond the end")
        tags[name] = profile[start : start + length]
    return tags


def _xyz(data: bytes) -> bytes:
    kind, *values = struct.unpack_from(">4s4x3i", data)
    if kind != b"XYZ ":
        raise ValueError("no XYZ")
    return struct.pack(">4s4x3i", kind, *values)


def _matrix(data: bytes) -> bytes:
    kind, *values = struct.unpack_from(">4s4x9i", data)
    if kind != b"sf32":
        raise ValueError("no matrix")
    return struct.pack(">4s4x9i", kind, *values)


def _curve(data: bytes) -> bytes:
    if data[:4] == b"para":
        (function,) = struct.unpack_from(">8xH", data)
        if function >= len(_PARAMETERS):
            raise ValueError("an unknown curve")
        form = f">{_PARAMETERS[function]}i"
        return struct.pack(">4s4xH2x", b"para", function) + struct.pack(
            form, *struct.unpack_from(form, data, 12)
        )
    kind, count = struct.unpack_from(">4s4xI", data)
    if kind != b"curv" or count > _MAX_CURVE_POINTS:
        raise ValueError("no curve, or a longer one than there are")
    points = struct.unpack_from(f">{count}H", data, 12)
    if any(high < low for low, high in pairwise(points)):
        raise ValueError("the curve falls: no light is darker the more there is of it")
    return struct.pack(f">4s4xI{count}H", kind, count, *points)


def _profile(major: int, intent: int, tags: Mapping[bytes, bytes]) -> bytes:
    tags = {b"desc": _text(b"desc", major), b"cprt": _text(b"text", major), **tags}
    first = _HEADER_BYTES + 4 + _ENTRY_BYTES * len(tags)
    index, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        index += struct.pack(">4sII", name, first + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    version = (major << 24) | (0x100000 if major == 2 else 0x400000)  # noqa: PLR2004 - 2.1 and 4.4
    header = struct.pack(
        ">I4xI4s4s4s6H4s24xI3i", first + len(body), version, b"mntr", b"RGB ", b"XYZ ",
        2026, 1, 1, 0, 0, 0, b"acsp", intent, *_D50,
    )  # fmt: skip
    return header.ljust(_HEADER_BYTES, b"\0") + index + body


def _text(kind: bytes, major: int) -> bytes:
    """Return a text as version 2 has it (of this kind), or as version 4 does."""
    if major == 4:  # noqa: PLR2004
        data = _TEXT.encode("utf-16-be")
        return struct.pack(">4s4xII2s2sII", b"mluc", 1, 12, b"en", b"US", len(data), 28) + data
    text = _TEXT.encode() + b"\0"
    if kind == b"text":
        return struct.pack(">4s4x", kind) + text
    return struct.pack(">4s4xI", kind, len(text)) + text + b"\0" * 78
