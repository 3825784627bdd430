"""Opens an untrusted picture and reads its header: what it is, and whether it may be developed at all."""

import importlib
import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import IO, Final

import pillow_heif
from PIL import AvifImagePlugin, ExifTags, Image, ImageFile, UnidentifiedImageError

from common.errors import CorruptImageError, ImageTooLargeError, UnsupportedFormatError
from common.model.reports import SourceReport
from common.recipes.format_detection import SNIFF_BYTES, detect_format
from common.recipes.formats import FormatSpec, find_format_of_plugin, input_formats
from services.worker.decoding.metadata import exif_of, metadata_kinds
from services.worker.imaging.geometry import Size

_TURNED_BY_ITS_DECODER: Final = frozenset({"TIFF", "HEIF"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeLimits:
    """What is developed at most. Pixels decide memory (4 bytes each when decoded in full), frames and both time.

    The pixels admit what cameras sold as 50 megapixels give (8192 x 6144, 8688 x 5792), the frames ten seconds of
    animation at 25 a second, the total 120 frames of 1920 x 1080.
    """

    max_pixels: int = 52_000_000
    max_frames: int = 250
    max_total_pixels: int = 250_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHeader:
    """An opened picture whose pixels are not decoded yet. `size` is upright; `source` is for the report."""

    image: ImageFile.ImageFile
    size: Size
    source: SourceReport

    @property
    def moves(self) -> bool:
        """Whether it is an animation: pages and previews are none."""
        return self.source.frames > 1 and _is_animated(self.image)


def configure_pillow(limits: DecodeLimits) -> None:
    """Set Pillow up for this process: its guards, and its plugins, so that no job pays for loading them.

    Called once, by the composition root, before the first picture.
    """
    Image.preinit()
    # Previews in the file may be of another quality than the picture; and a worker's threads have their jobs.
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    for plugin in chain.from_iterable(spec.plugins for spec in input_formats()):
        if plugin.upper() not in Image.OPEN:
            importlib.import_module(f"PIL.{plugin}ImagePlugin")
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
    warnings.filterwarnings(
        "ignore", category=UserWarning, module=r"PIL\."
    )  # broken metadata, which is dropped anyway


def read_header(file: IO[bytes], limits: DecodeLimits) -> ImageHeader:
    """The picture in an open file, not decoded. Raises PictureError, or what Pillow raises for damaged bytes."""
    image = _open(file, limits)
    frames = _count_frames(image, limits)
    orientation, metadata = orientation_of(image), metadata_kinds(image)
    turns = orientation > 4 and image.format not in _TURNED_BY_ITS_DECODER  # noqa: PLR2004 - 5 to 8 lie on their side
    width, height = reversed(image.size) if turns else image.size
    source = SourceReport(
        format=find_format_of_plugin(str(image.format)).name,
        width=width,
        height=height,
        mode=image.mode,
        frames=frames,
        bytes=os.fstat(file.fileno()).st_size,
        # libheif turns a picture by the box that says so, and its EXIF orientation is told afterwards.
        orientation=image.info.get("original_orientation") or orientation,
        gps_removed="gps" in metadata,
        metadata=metadata,
    )
    return ImageHeader(image=image, size=(width, height), source=source)


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; whatever else stands there, or cannot be read, is taken as upright."""
    value = exif_of(image).get(ExifTags.Base.Orientation)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1  # noqa: PLR2004 - EXIF's own numbers


def _open(file: IO[bytes], limits: DecodeLimits) -> ImageFile.ImageFile:
    start = file.read(SNIFF_BYTES)
    if not start:
        raise CorruptImageError("the file is empty")
    file.seek(0)
    try:
        image = Image.open(file, formats=pillow_formats(input_formats()))
    except UnidentifiedImageError as error:
        if detect_format(start) is not None:
            raise CorruptImageError("the picture's header is damaged or ends too early") from error
        allowed = ", ".join(spec.label for spec in input_formats())
        raise UnsupportedFormatError(f"the file is no image of a format that is taken: {allowed}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLargeError(f"the picture has more than {limits.max_pixels} pixels") from error
    if image.width * image.height > limits.max_pixels:
        raise ImageTooLargeError(f"the picture has more than {limits.max_pixels} pixels")
    return image


def pillow_formats(specs: Iterable[FormatSpec]) -> list[str]:
    """Return what Pillow calls these formats, in their order: of a container that two claim, the first tries first."""
    return list(dict.fromkeys(spec.plugins[0].upper() for spec in specs))


def _is_animated(image: Image.Image) -> bool:
    return find_format_of_plugin(str(image.format)).input_animation


def _count_frames(image: ImageFile.ImageFile, limits: DecodeLimits) -> int:
    """How many frames or pages there are, found out without decoding any."""
    if image.format == "TIFF":
        return _count_pages(image, limits)
    frames = int(getattr(image, "n_frames", 1))
    if image.format == "MPO":
        return frames
    if frames > limits.max_frames:
        raise ImageTooLargeError(f"the picture has {frames} frames, more than {limits.max_frames}")
    if not _is_animated(image):
        return frames
    pixels = image.width * image.height * frames
    if pixels > limits.max_total_pixels:
        raise ImageTooLargeError(
            f"the frames have {pixels} pixels in all, more than {limits.max_total_pixels}"
        )
    return frames


def _count_pages(image: ImageFile.ImageFile, limits: DecodeLimits) -> int:
    """Counting millions of tiny directories would take minutes: stop at the limit."""
    pages = 1
    try:
        while pages <= limits.max_frames:
            image.seek(pages)
            pages += 1
    except EOFError:
        image.seek(0)
        return pages
    raise ImageTooLargeError(f"the picture has more than {limits.max_frames} pages")
