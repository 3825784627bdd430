"""Reads the items of a HEIF file's `meta` box: types, places, properties and references (ISO/IEC 23008-12)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from common.errors import ImageTooComplexError
from common.inspection.heif.boxes import (
    Box,
    boxes,
    content,
    find_boxes,
    numbers,
)
from common.inspection.heif.extents import Extents
from common.inspection.piece_reader import PieceReader

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

_IN_FILE, _IN_IDAT = 0, 1  # construction methods
_USED: Final = frozenset({b"pitm", b"iinf", b"iloc", b"idat", b"iprp", b"iref"})
_MAX_EXTENTS: Final = 64  # of an item; libheif takes 32
_MAX_PROPERTIES: Final = 255  # of an item: one entry can name no more
_MAX_SOURCES: Final = 4_096  # of an item: 52 megapixels in tiles of 128 x 128 are 3,174


@dataclass(slots=True)
class Items:
    """What the `meta` box says; properties are boxes, by the items that have them.

    Extents are those of the items that have a bitstream.
    """

    primary: int = 0
    types: dict[int, bytes] = field(default_factory=dict)
    extents: dict[int, Extents] = field(default_factory=dict)
    properties: dict[int, list[Box]] = field(default_factory=dict)
    derived_from: dict[int, list[int]] = field(default_factory=dict)

    def coded(self) -> set[int]:
        """Return the items that a decoder can be handed: AV1 by their type, HEVC by their configuration."""
        return {item for item, kind in self.types.items() if kind == b"av01"} | {
            item for item, found in self.properties.items() if any(box.kind == b"hvcC" for box in found)
        }


def read_items(reader: PieceReader, meta: Box) -> Items:
    """Read a `meta` box.

    Raises EOFError if it ends too early, ValueError if it says something twice, so that readers may differ on it, and
    ImageTooComplexError if an item is in more parts than images need.
    """
    children: dict[bytes, Box] = {}
    for box in boxes(reader, meta.start + 4, meta.end):
        if box.kind in _USED:
            _add_once(children, box.kind, box)
    items = Items()
    if pitm := children.get(b"pitm"):
        data = content(reader, pitm)
        items.primary = numbers(reader, data, 4, 4 if data[:1] > b"\0" else 2)[0][0]
    if iinf := children.get(b"iinf"):
        items.types = _types(reader, iinf)
    if iprp := children.get(b"iprp"):
        items.properties = _properties(reader, iprp)
    if iloc := children.get(b"iloc"):
        items.extents = _extents(reader, content(reader, iloc), children.get(b"idat"), items.coded())
    if iref := children.get(b"iref"):
        items.derived_from = _references(reader, iref)
    return items


def _add_once(found: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    if key in found:
        raise ValueError(key)
    found[key] = value


def _types(reader: PieceReader, iinf: Box) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    skip = 4 + (2 if content(reader, iinf, 1) == b"\0" else 4)
    for infe in find_boxes(reader, iinf, b"infe", skip=skip):
        data = content(reader, infe, 16)
        wide = 4 if data[:1] == b"\3" else 2
        (identifier, _, kind), _ = numbers(reader, data, 4, wide, 2, 4)
        _add_once(found, identifier, kind.to_bytes(4, "big"))
    return found


def _extents(reader: PieceReader, data: bytes, idat: Box | None, wanted: set[int]) -> dict[int, Extents]:
    version = data[0]
    found: dict[int, Extents] = {}
    offset_size, length_size, base_size = data[4] >> 4, data[4] & 15, data[5] >> 4
    sizes = (data[5] & 15 if version else 0, offset_size, length_size)
    wide = 4 if version > 1 else 2
    (count,), at = numbers(reader, data, 6, wide)
    for _ in range(count):
        (identifier, method, _, base, extents), at = numbers(
            reader, data, at, wide, 2 if version else 0, 2, base_size, 2
        )
        if identifier in wanted:
            _refuse_more("extents", extents, _MAX_EXTENTS)
            origin = base + _origin(method & 15, idat)
            values, _ = numbers(reader, data, at, *sizes * extents)
            places = zip(values[1::3], values[2::3], strict=True)
            _add_once(found, identifier, Extents(_places(places, origin, reader.size)))
        at += extents * sum(sizes)
    return found


def _origin(method: int, idat: Box | None) -> int:
    if method not in {_IN_FILE, _IN_IDAT}:
        raise ValueError(method)  # in other items, which no decoder here follows
    return idat.start if idat and method == _IN_IDAT else 0


def _places(values: Iterable[tuple[int, int]], origin: int, size: int) -> list[tuple[int, int]]:
    """What says no length is all the rest of the file."""
    return [(origin + offset, length or max(0, size - origin - offset)) for offset, length in values]


def _properties(reader: PieceReader, iprp: Box) -> dict[int, list[Box]]:
    known = [box for ipco in find_boxes(reader, iprp, b"ipco") for box in boxes(reader, ipco.start, ipco.end)]
    found: dict[int, list[Box]] = {}
    for ipma in find_boxes(reader, iprp, b"ipma"):
        data = content(reader, ipma)
        wide, index = 4 if data[0] else 2, 2 if data[3] & 1 else 1
        mask = 0x7FFF if index > 1 else 0x7F
        (count,), at = numbers(reader, data, 4, 4)
        for _ in range(count):
            (identifier, associations), at = numbers(reader, data, at, wide, 1)
            places, at = numbers(reader, data, at, *[index] * associations)
            boxes_of_item = found.setdefault(identifier, [])
            boxes_of_item.extend(
                known[place - 1] for place in (each & mask for each in places) if 0 < place <= len(known)
            )
            _refuse_more("properties", len(boxes_of_item), _MAX_PROPERTIES)
    return found


def _references(reader: PieceReader, iref: Box) -> dict[int, list[int]]:
    wide = 4 if content(reader, iref, 1) > b"\0" else 2
    found: dict[int, list[int]] = {}
    for dimg in find_boxes(reader, iref, b"dimg", skip=4):
        data = content(reader, dimg)
        (source, count), at = numbers(reader, data, 0, wide, 2)
        sources = found.setdefault(source, [])
        _refuse_more("sources", len(sources) + count, _MAX_SOURCES)
        sources.extend(numbers(reader, data, at, *[wide] * count)[0])
    return found


def _refuse_more(what: str, found: int, limit: int) -> None:
    if found > limit:
        raise ImageTooComplexError(
            f"an item of the image has {found} {what}, {limit} is the limit", limit=limit
        )
