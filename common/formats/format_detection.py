"""Recognizes an image's format by its first bytes: never by the file's name or by what the client calls it."""

from typing import Final

from common.formats.format_specs import GENERIC_BRANDS, FormatSpec, input_formats

SNIFF_BYTES: Final = 32


def detect_format(head: bytes) -> FormatSpec | None:
    """Return the format of a file that begins with `head`, of which `SNIFF_BYTES` suffice; None if it is not taken."""
    return next(
        (spec for spec in input_formats() if _has_signature(spec, head) or _has_brand(spec, head)), None
    )


def _has_signature(spec: FormatSpec, head: bytes) -> bool:
    return any(
        all(head.startswith(expected, offset) for offset, expected in signature)
        for signature in spec.signatures
    )


def _has_brand(spec: FormatSpec, head: bytes) -> bool:
    """Return whether an ISO base media file (ISO/IEC 23008-12, AVIF 1.1) names a brand of this format."""
    if head[4:8] != b"ftyp":
        return False
    compatible = {head[start : start + 4] for start in range(16, len(head), 4)}
    return head[8:12] in spec.brands or (
        head[8:12] in GENERIC_BRANDS and bool(compatible & spec.codec_brands)
    )
