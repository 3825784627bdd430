"""Reads what an image's file states, whatever its format."""

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import BinaryIO, Final

from common.formats.format_specs import FormatSpec
from common.inspection.bmp import inspect_bmp
from common.inspection.gif import inspect_gif
from common.inspection.heif.heif import inspect_heif
from common.inspection.jpeg import inspect_jpeg
from common.inspection.limits import ImageInfo, ImageLimits
from common.inspection.piece_reader import PieceReader
from common.inspection.png import inspect_png
from common.inspection.tiff import inspect_tiff
from common.inspection.webp import inspect_webp

INSPECTORS: Final[Mapping[str, Callable[[PieceReader, ImageLimits], ImageInfo]]] = MappingProxyType(
    {
        "jpeg": inspect_jpeg,
        "png": inspect_png,
        "gif": inspect_gif,
        "webp": inspect_webp,
        "avif": inspect_heif,
        "heic": inspect_heif,
        "heif": inspect_heif,
        "tiff": inspect_tiff,
        "bmp": inspect_bmp,
    }
)


def inspect_image(file: BinaryIO, spec: FormatSpec, limits: ImageLimits) -> ImageInfo:
    """Return what a complete file states; little of a damaged one, which the decoder will find out.

    Raises ImageTooComplexError if it is in more pieces than its length warrants, and OSError if it cannot be read.
    """
    inspector = INSPECTORS.get(spec.name)
    if inspector is None:
        return ImageInfo()
    try:
        return inspector(PieceReader(file, frames=limits.max_frames), limits)
    except (EOFError, IndexError, ValueError, struct.error):
        return ImageInfo(damaged=True)
