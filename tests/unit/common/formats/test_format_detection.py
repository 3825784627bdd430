import pytest

from common.formats.format_detection import SNIFF_BYTES, detect_format
from common.formats.format_specs import input_formats
from tests.support.images.hostile import HOSTILE
from tests.support.images.samples import SOUND

TYPES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif", "tiff": "image/tiff",
         "bmp": "image/bmp", "avif": "image/avif", "heic": "image/heic"}  # fmt: skip
NO_IMAGES = ["empty", "text", "html", "svg", "pdf", "eps", "zip", "zeros", "jpeg 2000", "ico", "pcx"]


def sniff(head: bytes) -> str | None:
    found = detect_format(head)
    return found.media_type if found else None


@pytest.mark.parametrize("kind", [kind for kind in SOUND if kind.split(",")[0] in TYPES])
def test_an_image_is_known_by_its_first_bytes(kind: str) -> None:
    assert sniff(SOUND[kind]().data[:SNIFF_BYTES]) == TYPES[kind.split(",", maxsplit=1)[0]]


@pytest.mark.parametrize("kind", NO_IMAGES)
def test_what_is_no_image_is_not_known(kind: str) -> None:
    assert sniff(HOSTILE[kind]().data[:SNIFF_BYTES]) is None


def test_every_type_that_can_be_found_is_said_to_be_accepted() -> None:
    assert set(TYPES.values()) <= {spec.media_type for spec in input_formats()}


@pytest.mark.parametrize(
    "head", [b"", b"\xff", b"\xff\xd8", b"RIFF", b"RIFF\0\0\0\0WAVE", b"\0\0\0\x1cftypmp42"]
)
def test_a_beginning_is_not_enough(head: bytes) -> None:
    assert sniff(head) is None


@pytest.mark.parametrize(
    "brands, media_type",
    [
        (b"heic", "image/heic"),
        (b"heix", "image/heic"),
        (b"hevc", "image/heic"),
        (b"mif1", "image/heif"),
        (b"msf1", "image/heif"),
        (b"mif1\0\0\0\0mif1avif", "image/avif"),
        (b"mp42", None),
    ],
)
def test_a_container_is_known_by_its_brands(brands: bytes, media_type: str | None) -> None:
    assert sniff(b"\0\0\0\x1cftyp" + brands.ljust(24, b"\0")) == media_type
