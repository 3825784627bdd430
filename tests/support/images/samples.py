"""Sound files of every kind that must be developed, each with the image that is expected of it.

@pytest.mark.parametrize("name", SOUND)
def test_something(name: str) -> None:
    sample = SOUND[name]()
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from tests.support.images import icc
from tests.support.images import sample_makers as make
from tests.support.images.sample_makers import Sample

_TURNED: Final = {f"jpeg, orientation {n}": partial(make.turned, n) for n in range(1, 9)}

SOUND: Final[Mapping[str, Callable[[], Sample]]] = MappingProxyType(
    {
        "jpeg": lambda: make.plain("JPEG", quality=90),
        **_TURNED,
        "jpeg, portrait with GPS": lambda: make.turned(6, 480, 640),
        "jpeg, odd sizes": lambda: make.turned(3, 1601, 1203),
        "jpeg, annotated": make.annotated_jpeg,
        "jpeg, nonsense for EXIF": lambda: make.plain(
            "JPEG", quality=90, exif=b"Exif\0\0MM\0*\xff\xff\xff\xffno"
        ),
        "jpeg, progressive": lambda: make.plain("JPEG", quality=90, progressive=True),
        "jpeg, grayscale": lambda: make.stored_as("L", "JPEG", quality=90),
        "jpeg, grayscale with profile": make.gray_profiled,
        "jpeg, grayscale with RGB profile": lambda: make.stored_as(
            "L", "JPEG", icc_profile=make.srgb_profile()
        ),
        "jpeg, CMYK": lambda: make.stored_as("CMYK", "JPEG", quality=90),
        "jpeg, CMYK with profile": make.cmyk_profiled,
        "jpeg, wide gamut": make.wide_gamut,
        "jpeg, sRGB profile": lambda: make.plain("JPEG", quality=90, icc_profile=make.srgb_profile()),
        "jpeg, broken profile": lambda: make.plain("JPEG", quality=90, icc_profile=b"no profile" * 40),
        "jpeg, profile of another space": lambda: make.plain(
            "JPEG", quality=90, icc_profile=icc.cmyk_profile()
        ),
        "jpeg, multi-picture": lambda: make.animated("MPO"),
        "png": lambda: make.plain("PNG"),
        "png, annotated and turned": make.annotated_png,
        "png, turned by EXIF behind its pixels": make.late_exif,
        "png, 16-bit grayscale": lambda: make.deep(1),
        "png, 16-bit color": lambda: make.deep(3),
        "png, grayscale": lambda: make.stored_as("L", "PNG"),
        "png, black and white": make.black_and_white,
        "png, palette": lambda: make.stored_as("P", "PNG"),
        "png, palette with transparency": lambda: make.keyed_palette("PNG"),
        "png, transparent": lambda: make.transparent("PNG"),
        "png, grayscale and transparent": lambda: make.transparent("PNG", "LA"),
        "png, a color for transparency": make.color_key,
        "png, animated": lambda: make.animated("PNG"),
        "png, nonsense for EXIF": lambda: make.plain("PNG", exif=b"Exif\0\0" + b"nonsense" * 9),
        "webp, nonsense for EXIF": lambda: make.plain("WEBP", quality=90, exif=b"Exif\0\0MM\0*"),
        "webp": lambda: make.plain("WEBP", quality=90),
        "webp, transparent": lambda: make.transparent("WEBP", lossless=True, exact=True),
        "webp, animated": lambda: make.animated("WEBP"),
        "gif": lambda: make.stored_as("P", "GIF"),
        "gif, animated": lambda: make.animated("GIF"),
        "gif, transparent": lambda: make.keyed_palette("GIF"),
        "tiff": lambda: make.plain("TIFF"),
        "tiff, turned": lambda: make.turned_file("TIFF", 6),
        "tiff, compressed": lambda: make.plain("TIFF", compression="tiff_lzw"),
        "tiff, CMYK": lambda: make.stored_as("CMYK", "TIFF"),
        "tiff, 16-bit grayscale": lambda: make.deep(1, "TIFF"),
        "tiff, fractions": make.fractions_tiff,
        "tiff, pages": lambda: make.animated("TIFF"),
        "bmp": lambda: make.plain("BMP"),
        "avif": lambda: make.plain("AVIF", quality=90),
        "avif, turned": lambda: make.turned_file("AVIF", 6),
        "heic": lambda: make.plain("HEIF", quality=90),
        "heic, turned": lambda: make.turned_file("HEIF", 6),
        "heic, mirrored": lambda: make.turned_file("HEIF", 5),
        "heic, transparent": lambda: make.transparent("HEIF", quality=95, chroma=444),
        "heic, grayscale": lambda: make.stored_as("L", "HEIF", quality=90),
        "one pixel": lambda: make.flat((1, 1)),
        "a row of 65535 pixels": lambda: make.flat((65535, 1)),
        "a column of 65500 pixels": lambda: make.flat((1, 65500), "JPEG"),
    }
)
