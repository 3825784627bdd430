"""Opens an untrusted image and reads its header: what it is, and whether it may be decoded."""

import importlib
import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, Final

import pillow_heif
from PIL import AvifImagePlugin, ExifTags, Image, ImageFile, UnidentifiedImageError

from common.errors import CorruptImageError, ImageTooLargeError, UnsupportedFormatError
from common.formats.format_detection import SNIFF_BYTES, detect_format
from common.formats.format_specs import FormatSpec, find_format_of_plugin, input_formats
from common.inspection.inspect import inspect_image
from common.inspection.limits import ImageInfo, ImageLimits, check_limits
from common.model.reports import SourceReport
from services.worker.decoding.metadata import drop_oversized_metadata, exif_of, metadata_kinds
from services.worker.decoding.pillow_plugins import install_plugins
from services.worker.encoding.frames import FOREVER
from services.worker.imaging.geometry import Size

# What Pillow says of sound files that it cannot read: TIFFs of 64-bit floating point, JPEGs of 12 bits.
_UNSUPPORTED: Final = (
    "unknown pixel mode",
    "unknown data organization",
    "cannot handle",
    "Windows Media Photo",
    "Unsupported BMP",
)
_TURNED_BY_ITS_DECODER: Final = frozenset({"TIFF", "HEIF"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHeader:
    """Represents an opened image whose pixels are not decoded yet. `size` is upright; `source` is for the report.

    `max_total_pixels` is what all frames of an animation may have, as they are decoded.
    """

    image: ImageFile.ImageFile
    size: Size
    source: SourceReport
    max_total_pixels: int

    @property
    def is_animated(self) -> bool:
        """Return whether it is an animation: pages and previews are none."""
        return self.source.frames > 1 and _is_animated(self.image)


def configure_pillow(limits: ImageLimits) -> None:
    """Set Pillow up for this process: its guards, and its plugins, so that no job pays for loading them.

    Called once, by the composition root, before the first image.
    """
    Image.preinit()
    # Previews in the file may be of another quality than the image; and the worker decodes on all processors as it is.
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    for plugin in chain.from_iterable(spec.plugins for spec in input_formats()):
        if plugin.upper() not in Image.OPEN:
            importlib.import_module(f"PIL.{plugin}ImagePlugin")
    install_plugins()
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
    warnings.filterwarnings(
        "ignore", category=UserWarning, module=r"PIL\."
    )  # broken metadata, which is dropped anyway


def read_header(file: BinaryIO, limits: ImageLimits) -> ImageHeader:
    """Return the header of the image in an open file. Raises ImageError, or what Pillow raises for damaged bytes."""
    image, info = _open(file, limits)
    drop_oversized_metadata(image)
    frames = _count_frames(image, info, limits)
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
        # libheif turns an image by the box that says so, and its EXIF orientation is told afterwards.
        orientation=image.info.get("original_orientation") or orientation,
        gps_removed="gps" in metadata,
        metadata=metadata,
    )
    return ImageHeader(
        image=image, size=(width, height), source=source, max_total_pixels=limits.max_total_pixels
    )


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; anything else, or what cannot be read, is taken as upright."""
    value = exif_of(image).get(ExifTags.Base.Orientation)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1  # noqa: PLR2004 - EXIF's own numbers


def _open(file: BinaryIO, limits: ImageLimits) -> tuple[ImageFile.ImageFile, ImageInfo]:
    start = file.read(SNIFF_BYTES)
    if not start:
        raise CorruptImageError("the file is empty")
    spec = detect_format(start)
    info = inspect_image(file, spec, limits) if spec else ImageInfo()
    check_limits(info, limits)
    if spec and spec.brands and info.damaged:  # what a decoder finds in such a file was not looked at
        raise CorruptImageError("the boxes of the file are damaged or end too early")
    file.seek(0)
    try:
        image = Image.open(file, formats=pillow_formats(input_formats()))
    except UnidentifiedImageError as error:
        if spec:
            _refuse_unsupported_kind(file, spec)
            raise CorruptImageError("the image's header is damaged or ends too early") from error
        allowed = ", ".join(spec.label for spec in input_formats())
        raise UnsupportedFormatError(f"the file is no image of a format that is taken: {allowed}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLargeError(f"the image has more than {limits.max_pixels} pixels") from error
    if image.width * image.height > limits.max_pixels:
        raise ImageTooLargeError(f"the image has more than {limits.max_pixels} pixels")
    return image, info


def _refuse_unsupported_kind(file: BinaryIO, spec: FormatSpec) -> None:
    """Raise UnsupportedFormatError if Pillow understood the header, and cannot read what it announces."""
    opener, _ = Image.OPEN[spec.plugins[0].upper()]
    file.seek(0)
    try:
        opener(file, "")
    except (SyntaxError, OSError) as error:
        if str(error).startswith(_UNSUPPORTED):
            message = f"the file is a {spec.label} of a kind that is not taken: {error}"
            raise UnsupportedFormatError(message) from error
    except Exception:  # noqa: BLE001 - damaged headers raise nearly anything, which the caller reports
        return


def pillow_formats(specs: Iterable[FormatSpec]) -> list[str]:
    """Return what Pillow calls these formats, in their order: of a container that two claim, the first tries first."""
    return list(dict.fromkeys(spec.plugins[0].upper() for spec in specs))


def _is_animated(image: Image.Image) -> bool:
    return find_format_of_plugin(str(image.format)).input_animation


def _count_frames(image: ImageFile.ImageFile, info: ImageInfo, limits: ImageLimits) -> int:
    """Return how many frames or pages there are, without decoding any."""
    if image.format == "TIFF":
        return info.pages or 1
    frames = int(getattr(image, "n_frames", 1))
    if image.format == "MPO":
        return frames
    if frames > limits.max_frames:
        raise ImageTooLargeError(f"the image has {frames} frames, more than {limits.max_frames}")
    if not _is_animated(image):
        return frames
    pixels = image.width * image.height * frames
    if pixels > limits.max_total_pixels:
        raise ImageTooLargeError(
            f"the frames have {pixels} pixels in all, more than {limits.max_total_pixels}"
        )
    return frames


def duration_of(image: Image.Image) -> int:
    """Return how long the loaded frame is shown, in milliseconds."""
    value = image.info.get("duration", 0)
    return max(0, round(value)) if isinstance(value, int | float) else 0


def loop_count_of(image: Image.Image) -> int:
    """Return how often the animation plays, or FOREVER. A GIF says how often it is repeated; AVIF is not asked."""
    loop = image.info.get("loop")
    if image.format == "GIF":
        return 1 if loop is None else loop + 1 if loop else FOREVER
    return loop if isinstance(loop, int) else FOREVER


def first_frame_start_of(image: Image.Image) -> int:
    """Return the number of the frame the animation begins with: an APNG may have a still image before it."""
    return 1 if image.info.get("default_image") else 0
