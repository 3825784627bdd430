"""The items of a HEIF file's `meta` box: types, places, properties and references (ISO/IEC 23008-12)."""

from dataclasses import dataclass, field

from common.inspection.heif.boxes import (
    Box,
    Extents,
    boxes,
    content,
    find_boxes,
    numbers,
)
from common.inspection.piece_reader import PieceReader

_IN_FILE, _IN_IDAT = 0, 1  # construction methods


@dataclass(slots=True)
class Items:
    """What the `meta` box says; properties are boxes, by the items that have them."""

    primary: int = 0
    types: dict[int, bytes] = field(default_factory=dict)
    extents: dict[int, Extents] = field(default_factory=dict)
    properties: dict[int, list[Box]] = field(default_factory=dict)
    derived_from: dict[int, tuple[int, ...]] = field(default_factory=dict)


def read_items(reader: PieceReader, meta: Box) -> Items:
    """Read a `meta` box. Raises EOFError if it ends too early."""
    children = {box.kind: box for box in boxes(reader, meta.start + 4, meta.end)}
    items = Items()
    if pitm := children.get(b"pitm"):
        data = content(reader, pitm)
        items.primary = numbers(data, 4, 4 if data[:1] > b"\0" else 2)[0][0]
    if iinf := children.get(b"iinf"):
        items.types = _types(reader, iinf)
    if iloc := children.get(b"iloc"):
        items.extents = _extents(content(reader, iloc), children.get(b"idat"), reader.size)
    if iprp := children.get(b"iprp"):
        items.properties = _properties(reader, iprp)
    if iref := children.get(b"iref"):
        items.derived_from = _references(reader, iref)
    return items


def _types(reader: PieceReader, iinf: Box) -> dict[int, bytes]:
    found = {}
    skip = 4 + (2 if content(reader, iinf, 1) == b"\0" else 4)
    for infe in find_boxes(reader, iinf, b"infe", skip=skip):
        data = content(reader, infe, 16)
        wide = 4 if data[:1] == b"\3" else 2
        (identifier, _, kind), _ = numbers(data, 4, wide, 2, 4)
        found[identifier] = kind.to_bytes(4, "big")
    return found


def _extents(data: bytes, idat: Box | None, size: int) -> dict[int, Extents]:
    version, found = data[0], {}
    offset_size, length_size, base_size, index_size = data[4] >> 4, data[4] & 15, data[5] >> 4, data[5] & 15
    wide = 4 if version > 1 else 2
    (count,), at = numbers(data, 6, wide)
    for _ in range(count):
        (identifier, method, _, base, extents), at = numbers(
            data, at, wide, 2 if version else 0, 2, base_size, 2
        )
        origin = base + (idat.start if idat and method & 15 == _IN_IDAT else 0)
        places = []
        for _ in range(extents):
            (_, offset, length), at = numbers(
                data, at, index_size if version else 0, offset_size, length_size
            )
            places.append((origin + offset, length or max(0, size - origin - offset)))
        found[identifier] = tuple(places)
    return found


def _properties(reader: PieceReader, iprp: Box) -> dict[int, list[Box]]:
    known = [box for ipco in find_boxes(reader, iprp, b"ipco") for box in boxes(reader, ipco.start, ipco.end)]
    found: dict[int, list[Box]] = {}
    for ipma in find_boxes(reader, iprp, b"ipma"):
        data = content(reader, ipma)
        wide, index = 4 if data[0] else 2, 2 if data[3] & 1 else 1
        (count,), at = numbers(data, 4, 4)
        for _ in range(count):
            (identifier, associations), at = numbers(data, at, wide, 1)
            places, at = numbers(data, at, *[index] * associations)
            mask = 0x7FFF if index > 1 else 0x7F
            found.setdefault(identifier, []).extend(
                known[place - 1] for place in (each & mask for each in places) if 0 < place <= len(known)
            )
    return found


def _references(reader: PieceReader, iref: Box) -> dict[int, tuple[int, ...]]:
    wide = 4 if content(reader, iref, 1) > b"\0" else 2
    found: dict[int, tuple[int, ...]] = {}
    for dimg in find_boxes(reader, iref, b"dimg", skip=4):
        data = content(reader, dimg)
        (source, count), at = numbers(data, 0, wide, 2)
        found[source] = found.get(source, ()) + numbers(data, at, *[wide] * count)[0]
    return found
