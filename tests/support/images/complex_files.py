"""Files of a few kilobytes whose structure asks for far more work than their length warrants."""

import struct

from PIL import Image

from tests.support.images.drawings import encoded, scene


def box(kind: bytes, *contents: bytes) -> bytes:
    """A box of an ISO base media file."""
    data = b"".join(contents)
    return struct.pack(">I4s", len(data) + 8, kind) + data


def full_box(kind: bytes, *contents: bytes, version: int = 0) -> bytes:
    """A box that begins with a version and flags."""
    return box(kind, struct.pack(">I", version << 24), *contents)


def heif(*children: bytes, brand: bytes = b"avif", after: bytes = b"") -> bytes:
    """A file with these boxes in its `meta` box, whose primary item is number 1."""
    handler = full_box(b"hdlr", bytes(4), b"pict", bytes(13))
    meta = full_box(b"meta", handler, full_box(b"pitm", b"\0\1"), *children)
    return box(b"ftyp", brand, bytes(4), b"mif1", brand) + meta + after


def types(*kinds: bytes) -> bytes:
    """An `iinf` box: the types of the items from number 1 on."""
    entries = [
        full_box(b"infe", struct.pack(">HH", number, 0), kind, b"\0", version=2)
        for number, kind in enumerate(kinds, 1)
    ]
    return full_box(b"iinf", struct.pack(">H", len(entries)), *entries)


def references(kind: bytes, sources: dict[int, list[int]]) -> bytes:
    """An `iref` box: which items each one refers to."""
    return full_box(
        b"iref",
        *(
            box(kind, struct.pack(f">HH{len(each)}H", item, len(each), *each))
            for item, each in sources.items()
        ),
    )


def wide_locations(places: dict[int, list[tuple[int, int]]]) -> bytes:
    """An `iloc` box of offsets and lengths of four bytes."""
    entries = [
        struct.pack(">HHH", item, 0, len(each)) + b"".join(struct.pack(">II", *place) for place in each)
        for item, each in places.items()
    ]
    return full_box(b"iloc", b"\x44\0", struct.pack(">H", len(entries)), *entries)


def empty_extents(items: int, kind: bytes = b"av01") -> bytes:
    """Items of 65,535 extents each, none of which takes a byte."""
    entries = [struct.pack(">HHH", number, 0, 65_535) for number in range(1, items + 1)]
    locations = full_box(b"iloc", b"\0\0", struct.pack(">H", items), *entries)
    return heif(types(*[kind] * items), locations)


def layers(width: int, depth: int) -> bytes:
    """Items in layers, each derived from all of the next layer."""
    sources = {1: list(range(2, 2 + width))}
    for layer in range(depth):
        first = 2 + layer * width
        sources |= {
            item: list(range(first + width, first + 2 * width)) for item in range(first, first + width)
        }
    return heif(references(b"dimg", sources))


def repeated_sources(times: int) -> bytes:
    """An item that names its sources in many boxes."""
    named = box(b"dimg", struct.pack(">HH1000H", 1, 1000, *range(2, 1002)))
    return heif(full_box(b"iref", named * times))


def configurations(units: int, associations: int) -> bytes:
    """An item that has one `hvcC` box many times, which holds many units of no length."""
    arrays = [
        struct.pack(">BH", 0x20, min(65_535, units - at)) + bytes(2 * min(65_535, units - at))
        for at in range(0, units, 65_535)
    ]
    configuration = b"\1" + bytes(20) + b"\3" + bytes([len(arrays)]) + b"".join(arrays)
    entries = [
        struct.pack(">HB", 1, min(255, associations - at)) + b"\1" * min(255, associations - at)
        for at in range(0, associations, 255)
    ]
    named = full_box(b"ipma", struct.pack(">I", len(entries)), *entries)
    return heif(types(b"hvc1"), box(b"iprp", box(b"ipco", box(b"hvcC", configuration)), named), brand=b"heic")


def scattered_units(extents: int, units: int) -> bytes:
    """An AV1 item of many extents, whose last one is many units of two bytes."""
    unit = b"\x2a\0"
    start = len(heif(types(b"av01"), wide_locations({1: [(0, 0)] * extents}))) + 8
    places = [(start, 2)] * (extents - 1) + [(start, 2 * units)]
    return heif(types(b"av01"), wide_locations({1: places}), after=box(b"mdat", unit * units))


def many_runs(tracks: int, runs: int = 251) -> bytes:
    """Sequences of as many chunks as runs of chunks."""
    tables = [
        full_box(b"stsd", struct.pack(">II4s", 1, 60, b"xxxx"), bytes(60)),
        full_box(b"stsz", struct.pack(">II", 1, runs)),
        full_box(
            b"stsc", struct.pack(">I", runs), *(struct.pack(">III", 1000 + at, 1, 1) for at in range(runs))
        ),
        full_box(b"stco", struct.pack(">I", runs), bytes(4 * runs)),
    ]
    track = box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", *tables))))
    return box(b"ftyp", b"avis", bytes(4), b"avif") + box(b"moov", track * tracks)


def looped_directory(entries: int) -> bytes:
    """A TIFF whose directory of many empty entries is its own next one."""
    size = struct.pack("<HHIIHHII", 256, 3, 1, 64, 257, 3, 1, 48)
    empty = struct.pack("<HHII", 1000, 0, 0, 0) * (entries - 2)
    return b"II*\0" + struct.pack("<IH", 8, entries) + size + empty + struct.pack("<I", 8)


def hidden_scans(count: int) -> bytes:
    """A progressive JPEG with a comment that holds an end of image after its first scan, and more scans thereafter."""
    data = encoded(scene(64, 48), "JPEG", progressive=True)
    first = data.index(b"\xff\xda")
    second = next(
        at for at in range(first + 2, len(data)) if data[at] == 0xFF and data[at + 1] not in (0, 0xFF)
    )
    last, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    comment = b"\xff\xfe\0\4\xff\xd9"
    return data[:second] + comment + data[second:end] + data[last:end] * count + data[end:]


def hidden_frames(frames: int, side: int, junk: bytes = b"\0") -> bytes:
    """A GIF of one pixel, then bytes that belong to no block, then frames of one pixel that make its canvas larger."""
    control = b"!\xf9\4\0\5\0\0\0"
    first = control + b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0"
    later = control + b"," + struct.pack("<HHHHB", side - 1, side - 1, 1, 1, 0) + b"\2\2\x44\1\0"
    head = b"GIF89a" + struct.pack("<HH", 1, 1) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    return head + first + junk + later * frames + b";"


def large_alpha(side: int, alpha_side: int) -> bytes:
    """An AVIF whose alpha is larger than the image, which the boxes do not tell."""
    color, color_configuration = _bitstream(side)
    alpha, alpha_configuration = _bitstream(alpha_side)
    size = full_box(b"ispe", struct.pack(">II", side, side))
    kind = full_box(b"auxC", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")
    channels = full_box(b"pixi", b"\1\x08")
    properties = box(b"ipco", size, color_configuration, channels, alpha_configuration, kind)
    named = full_box(b"ipma", struct.pack(">I", 2), b"\0\1\3\1\x82\3", b"\0\2\4\1\x84\3\x85")

    def made(start: int) -> bytes:
        places = {1: [(start, len(color))], 2: [(start + len(color), len(alpha))]}
        return heif(
            wide_locations(places),
            types(b"av01", b"av01"),
            references(b"auxl", {2: [1]}),
            box(b"iprp", properties, named),
        )

    return made(len(made(0)) + 8) + box(b"mdat", color, alpha)


def _bitstream(side: int) -> tuple[bytes, bytes]:
    """The AV1 data of a gray square, and its `av1C` box."""
    data = encoded(Image.new("L", (side, side), 9), "AVIF", speed=10, quality=10)
    media, configuration = data.index(b"mdat") - 4, data.index(b"av1C") - 4
    sizes = [struct.unpack_from(">I", data, at)[0] for at in (media, configuration)]
    return data[media + 8 : media + sizes[0]], data[configuration : configuration + sizes[1]]


def swallowed_frames(side: int) -> bytes:
    """A GIF whose application extension has no second block, which Pillow takes for none at all: frames follow.

    To a reader by the specification they stand in a comment.
    """
    control = b"!\xf9\4\0\5\0\0\0"
    first = control + b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0"
    later = control + b"," + struct.pack("<HHHHB", side - 1, side - 1, 1, 1, 0) + b"\2\2\x44\1\0"
    head = b"GIF89a" + struct.pack("<HH", 1, 1) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    swallowed = b"!\xfe\xff".ljust(34, b"x") + b"\0" + (first + later * 7)
    return head + b"!\xff\x0bNETSCAPE2.0\0" + swallowed.ljust(258, b"\0") + b"\0" + first + b";"
