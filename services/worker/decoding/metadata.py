"""Reads the metadata in an image's file: which kinds there are, and who made the image and owns it."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from PIL import ExifTags, Image, IptcImagePlugin

from common.inspection.tiff import is_loadable_exif

_XMP_KEYS: Final = ("xmp", "XML:com.adobe.xmp")
_XMP_TAG, _IPTC_TAG, _PHOTOSHOP_TAG = 700, 33723, 34377  # of TIFF
_COMMENTS: Final = frozenset(
    {"comment", "Comment", "Description", "Title", "Author", "Software", "Copyright"}
)
_MAX_TEXT: Final = 500  # characters
MAX_METADATA_BYTES: Final = 1024 * 1024  # of one kind: EXIF, XMP, a comment
_MAX_LIST_BYTES: Final = 64 * 1024  # of a list in XMP, in which names are looked for
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Attribution:
    """Names who made an image, and who owns it; empty where the file does not say."""

    artist: str = ""
    copyright: str = ""

    def __bool__(self) -> bool:
        return bool(self.artist or self.copyright)

    def line(self) -> str:
        """Return both in one line of text."""
        return "; ".join(filter(None, (self.artist, self.copyright)))

    def exif(self) -> bytes:
        """Return EXIF with these two and nothing else."""
        tags = Image.Exif()
        if self.artist:
            tags[ExifTags.Base.Artist] = self.artist.encode()
        if self.copyright:
            tags[ExifTags.Base.Copyright] = self.copyright.encode()
        return tags.tobytes()


def drop_oversized_metadata(image: Image.Image) -> None:
    """Forget metadata that is longer than any program writes, before anything searches it.

    A color profile has a bound of its own, in `color_management`.
    """
    for key, value in list(image.info.items()):
        if key != "icc_profile" and isinstance(value, str | bytes) and len(value) > MAX_METADATA_BYTES:
            del image.info[key]
    exif = image.info.get("exif")
    if isinstance(exif, bytes) and not is_loadable_exif(exif):
        del image.info["exif"]


def exif_of(image: Image.Image) -> Image.Exif:
    """Return the image's EXIF; an empty one if it cannot be read."""
    try:
        return image.getexif()
    except Exception:  # noqa: BLE001 - broken metadata raises nearly anything, and must not fail the image
        return Image.Exif()


def metadata_kinds(image: Image.Image) -> tuple[str, ...]:
    """Return the kinds of metadata in an opened image's file, in the order of their names."""
    exif, info = exif_of(image), image.info
    found = {
        "comment": any(info.get(key) for key in _COMMENTS),
        "exif": bool(info.get("exif")) or any(tag in exif for tag in _EXIF_TAGS),
        "gps": ExifTags.IFD.GPSInfo in exif,
        "icc": bool(info.get("icc_profile")),
        "iptc": bool(_photoshop(image)) or _IPTC_TAG in exif,
        "maker_note": _has_maker_note(exif),
        "xmp": bool(_xmp(image)),
    }
    return tuple(kind for kind, there in found.items() if there)


def read_attribution(image: Image.Image) -> Attribution:
    """Return artist and copyright, each from EXIF, else IPTC, else XMP."""
    exif, iptc, xmp = exif_of(image), _iptc(image), _xmp(image)
    return Attribution(
        _first(exif.get(ExifTags.Base.Artist), iptc.get((2, 80)), _listed(xmp, b"dc:creator")),
        _first(exif.get(ExifTags.Base.Copyright), iptc.get((2, 116)), _listed(xmp, b"dc:rights")),
    )


_EXIF_TAGS: Final = (ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)


def _has_maker_note(exif: Image.Exif) -> bool:
    try:
        return ExifTags.IFD.MakerNote in exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # noqa: BLE001 - as with all metadata
        return False


def _photoshop(image: Image.Image) -> object:
    resources = image.info.get("photoshop")
    return resources.get(0x0404) if isinstance(resources, dict) else None  # the block that holds IPTC


def _iptc(image: Image.Image) -> dict[Any, Any]:
    try:
        return IptcImagePlugin.getiptcinfo(image) or {}  # type: ignore[arg-type]  # an opened file
    except Exception:  # noqa: BLE001 - as with all metadata
        return {}


def _xmp(image: Image.Image) -> bytes:
    found = [image.info.get(key) for key in _XMP_KEYS] + [exif_of(image).get(_XMP_TAG)]
    text = next((value for value in found if value), b"")
    if not isinstance(text, str | bytes) or len(text) > MAX_METADATA_BYTES:
        return b""
    return text.encode() if isinstance(text, str) else text


def _listed(xmp: bytes, element: bytes) -> str:
    """Return the first entry of a list in XMP, found without an XML parser, which untrusted text could bring down."""
    start = xmp.find(b"<" + element)
    block = xmp[start : xmp.find(b"</" + element, start)][:_MAX_LIST_BYTES] if start >= 0 else b""
    entry = re.search(rb"<rdf:li[^>]{0,200}>([^<]{1,2000})<", block)
    return html.unescape(entry[1].decode("utf-8", "replace")) if entry else ""


def _first(*values: object) -> str:
    return next(filter(None, _texts(values)), "")


def _texts(values: tuple[object, ...]) -> Iterator[str]:
    for value in values:
        one = value[0] if isinstance(value, list) and value else value
        text = one.decode("utf-8", "replace") if isinstance(one, bytes) else one
        if isinstance(text, str):
            yield _CONTROLS.sub(" ", text).strip()[:_MAX_TEXT]
