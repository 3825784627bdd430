"""The table of image formats: what each is called, how it is recognized and what Darkroom does with it.

To add an output format, add a row here and a function in services/worker/encoding/encoders.py. To stop taking one, set
its `input` to false. Sniffing, inspection, decoding, encoding, recipes, content negotiation and the manual read this
table; none of them names a format's media type, extension or default quality again.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

Signature = tuple[tuple[int, bytes], ...]  # all of these bytes at these offsets


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatSpec:
    """One format. `name` is what recipes and reports call it, `label` what the manual does.

    A file is of this format if one of the `signatures` fits, or if it is an ISO base media file whose major brand is
    among the `brands` (or a generic one, and a compatible brand is among the `codec_brands`). `plugins` are Pillow's
    plugins that read it, spelled as their modules are; the first opens the file and may hand it to the others.
    `default_quality` is None where the format has no quality; `max_side` is what the format can hold, in pixels.
    """

    name: str
    label: str
    media_type: str
    extension: str
    signatures: tuple[Signature, ...] = ()
    brands: frozenset[bytes] = frozenset()
    codec_brands: frozenset[bytes] = frozenset()
    plugins: tuple[str, ...] = ()
    input: bool = False
    input_animation: bool = False  # its frames are an animation; elsewhere they are pages or previews
    output: bool = False
    output_animation: bool = False
    alpha: bool = False
    icc_profile: bool = True
    lossless_option: bool = False
    default_quality: int | None = None
    max_side: int = 65535
    note: str = ""


WEBP_MAX_SIDE: Final = 0x3FFF  # pixels: 14 bits of the header
GENERIC_BRANDS: Final = frozenset({b"mif1", b"msf1"})  # of any codec: the compatible brands may name it

# In the order in which browsers learned them: a client that names no format is served the first that there is.
FORMATS: tuple[FormatSpec, ...] = (
    FormatSpec(
        name="jpeg",
        label="JPEG",
        media_type="image/jpeg",
        extension="jpg",
        signatures=(((0, b"\xff\xd8\xff"),),),
        plugins=("Jpeg", "Mpo"),
        input=True,
        output=True,
        default_quality=82,
        max_side=65500,
        note="CMYK and multi-picture files are taken too; written progressive, with full color resolution from "
        "quality 90; transparency becomes white",
    ),
    FormatSpec(
        name="png",
        label="PNG",
        media_type="image/png",
        extension="png",
        signatures=(((0, b"\x89PNG\r\n\x1a\n"),),),
        plugins=("Png",),
        input=True,
        input_animation=True,
        output=True,
        alpha=True,
        note="16 bits a channel and APNG are taken too; written lossless and still",
    ),
    FormatSpec(
        name="gif",
        label="GIF",
        media_type="image/gif",
        extension="gif",
        signatures=(((0, b"GIF87a"),), ((0, b"GIF89a"),)),
        plugins=("Gif",),
        input=True,
        input_animation=True,
        output=True,
        output_animation=True,
        alpha=True,
        icc_profile=False,
        note="written with 256 colors a frame; transparency is all or nothing",
    ),
    FormatSpec(
        name="webp",
        label="WebP",
        media_type="image/webp",
        extension="webp",
        signatures=(((0, b"RIFF"), (8, b"WEBP")),),
        plugins=("WebP",),
        input=True,
        input_animation=True,
        output=True,
        output_animation=True,
        alpha=True,
        lossless_option=True,
        default_quality=82,
        max_side=WEBP_MAX_SIDE,
        note='lossless with `"lossless": true`',
    ),
    FormatSpec(
        name="avif",
        label="AVIF",
        media_type="image/avif",
        extension="avif",
        brands=frozenset({b"avif", b"avis"}),
        codec_brands=frozenset({b"avif"}),
        plugins=("Avif",),
        input=True,
        input_animation=True,
        output=True,
        output_animation=True,
        alpha=True,
        default_quality=60,
        note="quality is on a scale of its own, with full color resolution from 90; an animation plays forever",
    ),
    FormatSpec(
        name="tiff",
        label="TIFF",
        media_type="image/tiff",
        extension="tiff",
        signatures=(((0, b"II*\x00"),), ((0, b"MM\x00*"),)),
        plugins=("Tiff",),
        input=True,
        alpha=True,
        note="the first page is taken",
    ),
    FormatSpec(
        name="bmp",
        label="BMP",
        media_type="image/bmp",
        extension="bmp",
        signatures=(((0, b"BM"),),),
        plugins=("Bmp",),
        input=True,
        alpha=True,
    ),
    FormatSpec(
        name="heic",
        label="HEIC",
        media_type="image/heic",
        extension="heic",
        brands=frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}),
        plugins=("Heif",),
        input=True,
        alpha=True,
        note="the primary image is taken, turned by the file's own box",
    ),
    # After HEIC, whose plugin it shares, so that reports say `heif` for both.
    FormatSpec(
        name="heif",
        label="HEIF",
        media_type="image/heif",
        extension="heif",
        brands=GENERIC_BRANDS,
        plugins=("Heif",),
        input=True,
        alpha=True,
        note="as HEIC",
    ),
)


def input_formats() -> tuple[FormatSpec, ...]:
    """Return the formats that are taken."""
    return tuple(spec for spec in FORMATS if spec.input)


def output_formats() -> tuple[FormatSpec, ...]:
    """Return the formats that are made, the most widely understood first."""
    return tuple(spec for spec in FORMATS if spec.output)


def find_format(name: str) -> FormatSpec:
    """Return the format with this name. Raises KeyError if there is none."""
    return {spec.name: spec for spec in FORMATS}[name]


def find_format_of_plugin(plugin: str) -> FormatSpec:
    """Return the format that Pillow calls `plugin`, in capitals: `MPO` is a JPEG. Raises KeyError if there is none."""
    return {each.upper(): spec for spec in FORMATS for each in spec.plugins}[plugin]


if TYPE_CHECKING:
    Format = str
else:
    Format = Literal[tuple(spec.name for spec in output_formats())]
