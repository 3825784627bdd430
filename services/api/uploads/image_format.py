"""The format of a picture by its first bytes: never by its name or by what the client calls it."""

from typing import Final

SNIFF_BYTES: Final = 32

_PREFIXES: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"BM", "image/bmp"),
)
# The brands of ISO base media files (ISO/IEC 23008-12, AVIF 1.1) that hold still pictures or sequences of them.
_BRANDS: Final = {
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "image/heic"),
    **dict.fromkeys((b"mif1", b"msf1"), "image/heif"),  # of any codec: the compatible brands may name it
}

ACCEPTED: Final = (
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/tiff",
    "image/bmp",
    "image/heic",
    "image/heif",
)


def sniff(head: bytes) -> str | None:
    """The media type of a file that begins with `head` (32 bytes suffice); None when it is none of `ACCEPTED`."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        found = _BRANDS.get(head[8:12])
        return "image/avif" if found == "image/heif" and b"avif" in head[16:] else found
    return next((media_type for prefix, media_type in _PREFIXES if head.startswith(prefix)), None)
