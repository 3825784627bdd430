"""Reads size, frames and coded size of HEIC and AVIF files: boxes state one size, the bitstream may hold another."""

from dataclasses import dataclass, field
from typing import Final

from common.errors import ImageTooComplexError
from common.inspection.heif.av1 import largest_av1_pixels
from common.inspection.heif.boxes import Box, boxes, content, numbers
from common.inspection.heif.extents import Extents
from common.inspection.heif.hevc import HevcConfiguration, largest_hevc_pixels, read_hevc_configuration
from common.inspection.heif.items import Items, read_items
from common.inspection.heif.tracks import Track, read_tracks
from common.inspection.limits import ImageInfo, ImageLimits
from common.inspection.piece_reader import PieceReader

_MAX_DEPTH: Final = 8  # a tone map of a grid of tiles has two


def inspect_heif(reader: PieceReader, limits: ImageLimits) -> ImageInfo:
    """Read the items and the tracks, and the headers of all that may be decoded for them.

    That is every item: alpha, depth and gain maps are decoded beside the primary one, whoever refers to them.
    """
    top = list(boxes(reader, 0, reader.size))
    metas = [box for box in top if box.kind == b"meta"]
    if len(metas) > 1:
        raise ValueError(metas)  # which of them is meant, readers may not agree
    items = read_items(reader, metas[0]) if metas else Items()
    tracks = [
        each for box in top if box.kind == b"moov" for each in read_tracks(reader, box, limits.max_frames + 1)
    ]
    sizes = [*_sizes(reader, items), *(track.size for track in tracks)]
    width, height = max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))
    found = _DecodedPixels(reader, items)
    return ImageInfo(
        width=width or None,
        height=height or None,
        frames=max((len(track.samples) for track in tracks), default=1) or 1,
        decoded_pixels=max(
            found.of(items.primary),
            *(found.of_bitstream(item) for item in items.coded()),
            *(_track_pixels(reader, track) for track in tracks),
            0,
        ),
    )


def _sizes(reader: PieceReader, items: Items) -> list[tuple[int, int]]:
    """Return the sizes of the primary item, by its boxes."""
    found = [box for box in items.properties.get(items.primary, []) if box.kind == b"ispe"]
    return [
        (size[0], size[1])
        for size in (numbers(reader, content(reader, box, 12), 4, 4, 4)[0] for box in found)
    ]


@dataclass(slots=True)
class _DecodedPixels:
    """The most pixels that are decoded at once for an item; what was found of it is kept, since many may name it."""

    reader: PieceReader
    items: Items
    _derived: dict[int, int] = field(default_factory=dict)
    _coded: dict[int, int] = field(default_factory=dict)
    _configurations: dict[Box, HevcConfiguration] = field(default_factory=dict)

    def of(self, item: int, above: tuple[int, ...] = ()) -> int:
        """Return those of a grid for all its tiles, which may overlap its edge.

        Raises ValueError if an item is made of itself, and ImageTooComplexError if it is through too many others.
        """
        if item not in self._derived:
            if item in above:
                raise ValueError(item)
            if len(above) == _MAX_DEPTH:
                raise ImageTooComplexError(
                    f"an item of the image is derived more than {_MAX_DEPTH} times", limit=_MAX_DEPTH
                )
            sources = self.items.derived_from.get(item, [])
            self.reader.step(len(sources))
            pixels = [self.of(source, (*above, item)) for source in sources]
            self._derived[item] = max(self.of_bitstream(item), *pixels, sum(pixels) // 2, 0)
        return self._derived[item]

    def of_bitstream(self, item: int) -> int:
        """Return what the item's own bitstream asks for; 0 if it has none."""
        if item not in self._coded:
            self._coded[item] = self._read_bitstream(item)
        return self._coded[item]

    def _read_bitstream(self, item: int) -> int:
        extents = self.items.extents.get(item, Extents())
        av1 = largest_av1_pixels(self.reader, extents) if self.items.types.get(item) == b"av01" else 0
        hevc = {
            self._configuration(box) for box in self.items.properties.get(item, []) if box.kind == b"hvcC"
        }
        lengths = {each.length_bytes for each in hevc}
        return max(
            av1,
            *(each.pixels for each in hevc),
            *(largest_hevc_pixels(self.reader, each, extents) for each in lengths),
            0,
        )

    def _configuration(self, box: Box) -> HevcConfiguration:
        self.reader.step()
        if box not in self._configurations:
            self._configurations[box] = read_hevc_configuration(self.reader, content(self.reader, box))
        return self._configurations[box]


def _track_pixels(reader: PieceReader, track: Track) -> int:
    if track.codec != b"av01":  # of HEIC sequences only the primary item is decoded
        return 0
    return largest_av1_pixels(reader, track.samples)
