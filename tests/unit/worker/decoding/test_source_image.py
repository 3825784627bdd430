from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from PIL import Image

from common.errors import ImageTooLargeError
from common.inspection.limits import ImageLimits
from services.worker.decoding.image_header import configure_pillow
from services.worker.decoding.source_image import DecodedFrame, SourceImage, open_source
from services.worker.imaging.geometry import Size
from tests.support.images.complex_files import hidden_frames
from tests.support.images.drawings import (
    encoded,
    laid,
    photograph,
    scene,
)
from tests.support.images.similarity import similarity


def decoded(data: bytes, scale: float) -> DecodedFrame:
    configure_pillow(ImageLimits())
    with NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        with open_source(Path(file.name), ImageLimits()) as header:
            return SourceImage(header, scale=scale, check=lambda: None).first_frame()


def shown(decoded_frame: DecodedFrame, size: Size) -> Image.Image:
    return decoded_frame.image.resize(size, Image.Resampling.LANCZOS, box=decoded_frame.frame)


@pytest.mark.parametrize(
    "scale, width", [(1.0, 1600), (0.5, 1600), (0.4, 800), (0.2, 400), (0.1, 200), (0.01, 48)]
)
def test_a_jpeg_is_decoded_no_larger_than_needed(scale: float, width: int) -> None:
    decoded_frame = decoded(photograph(1600, 1200), scale)
    assert decoded_frame.size == (1600, 1200)
    assert decoded_frame.image.width <= width
    assert decoded_frame.image.width >= 1600 * scale


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP", "AVIF"])
def test_other_formats_are_averaged_to_no_less_than_half_as_much_again(kind: str) -> None:
    decoded_frame = decoded(encoded(scene(1600, 1200), kind), 0.12)
    assert decoded_frame.image.size == (320, 240)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_smaller_decode_shows_the_same_to_a_fraction_of_a_pixel(kind: str, orientation: int) -> None:
    """At sizes that no divisor divides, an image ends in part of a pixel, which turning moves to another side."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    size = (1597, 1201)
    data = encoded(
        laid(scene(*size), orientation), kind, exif=tags, **({"quality": 98} if kind == "JPEG" else {})
    )
    for scale in (0.2, 0.1):
        target = (round(size[0] * scale), round(size[1] * scale))
        decoded_frame, expected = decoded(data, scale), scene(*size).resize(target, Image.Resampling.LANCZOS)
        likeness = similarity(shown(decoded_frame, target), expected)
        assert likeness > 0.98
        assert likeness > similarity(decoded_frame.image.resize(target, Image.Resampling.LANCZOS), expected)


def test_white_is_what_it_is_to_the_whole_image() -> None:
    image = Image.new("F", (400, 1600), 0.5)
    image.paste(250.0, (0, 1500, 400, 1600))
    image = decoded(encoded(image, "TIFF"), 0.1).image
    assert image.getpixel((0, 0)) == (0, 0, 0)
    assert image.getpixel((0, image.height - 1)) == (250, 250, 250)


def test_a_size_is_told_upright() -> None:
    assert decoded(photograph(300, 400, orientation=6), 1.0).size == (300, 400)


def test_frames_are_decoded_up_to_the_pixels_that_all_of_them_may_have() -> None:
    """Whatever the header said of them: a GIF's canvas grows with its frames."""
    configure_pillow(ImageLimits())
    with NamedTemporaryFile() as file:
        file.write(hidden_frames(9, 100, junk=b""))
        file.flush()
        with open_source(Path(file.name), ImageLimits()) as header:
            limited = replace(header, max_total_pixels=1 + 3 * 100 * 100)
            frames = SourceImage(limited, scale=1, check=lambda: None).frames()
            assert [next(frames).size for _ in range(4)] == [(1, 1)] * 4
            with pytest.raises(ImageTooLargeError, match="40001 pixels and more in all, 30001 is the limit"):
                next(frames)
