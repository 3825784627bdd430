"""Size, frames and coded size of HEIC and AVIF files: the boxes promise one, the bitstream may ask for another."""

from typing import Final

from common.inspection.heif.av1 import largest_av1_pixels
from common.inspection.heif.boxes import boxes, content, numbers
from common.inspection.heif.hevc import largest_hevc_pixels
from common.inspection.heif.items import Items, read_items
from common.inspection.heif.tracks import Track, read_tracks
from common.inspection.limits import ImageInfo, ImageLimits
from common.inspection.piece_reader import PieceReader

_MAX_DEPTH: Final = 3  # a tone map of a grid of tiles has two


def inspect_heif(reader: PieceReader, limits: ImageLimits) -> ImageInfo:
    """Read the primary item and the tracks, and the headers of all that is decoded for them."""
    top = list(boxes(reader, 0, reader.size))
    items = next((read_items(reader, box) for box in top if box.kind == b"meta"), Items())
    tracks = [
        each for box in top if box.kind == b"moov" for each in read_tracks(reader, box, limits.max_frames + 1)
    ]
    sizes = [*_sizes(reader, items), *(track.size for track in tracks)]
    width, height = max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))
    return ImageInfo(
        width=width or None,
        height=height or None,
        frames=max((len(track.samples) for track in tracks), default=1) or 1,
        decoded_pixels=max(
            [
                _decoded_pixels(reader, items, items.primary),
                *(_track_pixels(reader, track) for track in tracks),
            ]
        ),
    )


def _sizes(reader: PieceReader, items: Items) -> list[tuple[int, int]]:
    """What the primary item measures, by its boxes."""
    found = [box for box in items.properties.get(items.primary, []) if box.kind == b"ispe"]
    return [(size[0], size[1]) for size in (numbers(content(reader, box, 12), 4, 4, 4)[0] for box in found)]


def _decoded_pixels(reader: PieceReader, items: Items, item: int, depth: int = 0) -> int:
    """The most that is decoded at once for an item: of a grid all its tiles, which may overlap its edge."""
    sources = items.derived_from.get(item)
    if not sources or depth == _MAX_DEPTH:
        return _item_pixels(reader, items, item)
    pixels = {source: _decoded_pixels(reader, items, source, depth + 1) for source in set(sources)}
    return max(*pixels.values(), sum(pixels[source] for source in sources) // 2, 0)


def _item_pixels(reader: PieceReader, items: Items, item: int) -> int:
    extents = items.extents.get(item, ())
    if items.types.get(item) == b"av01":
        return largest_av1_pixels(reader, extents)
    return max(
        (
            largest_hevc_pixels(reader, content(reader, box), extents)
            for box in items.properties.get(item, [])
            if box.kind == b"hvcC"
        ),
        default=0,
    )


def _track_pixels(reader: PieceReader, track: Track) -> int:
    if track.codec != b"av01":  # of HEIC sequences only the primary item is decoded
        return 0
    return largest_av1_pixels(reader, track.samples)
