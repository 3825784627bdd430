import warnings
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest
from PIL import Image, ImageFile

from common.errors import ImageTooLargeError
from common.inspection.limits import ImageLimits
from services.worker.decoding.image_header import configure_pillow, orientation_of, read_header
from tests.support.images.drawings import (
    encoded,
    exif,
    photograph,
    scene,
)


@pytest.fixture
def file(tmp_path: Path) -> BinaryIO:
    path = tmp_path / "original"
    path.write_bytes(photograph(300, 400, orientation=6))
    return path.open("rb")


def test_a_header_is_read_without_the_pixels(file: BinaryIO) -> None:
    with file:
        header = read_header(file, ImageLimits())
        assert header.image.size == (400, 300)
        assert header.size == (300, 400)
        assert header.image.tile  # what is still to be decoded


def test_pixels_are_limited_whatever_pillow_was_set_to(file: BinaryIO) -> None:
    configure_pillow(ImageLimits())
    with file:
        assert read_header(file, ImageLimits(max_pixels=120_000)).size == (300, 400)
        file.seek(0)
        with pytest.raises(ImageTooLargeError, match="119999"):
            read_header(file, ImageLimits(max_pixels=119_999))


@pytest.mark.parametrize("value", range(1, 9))
def test_an_orientation_is_1_to_8(value: int) -> None:
    assert orientation_of(Image.open(BytesIO(encoded(scene(8, 8), "JPEG", exif=exif(value))))) == value


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_any_other_orientation_is_upright(value: int) -> None:
    assert orientation_of(Image.open(BytesIO(encoded(scene(8, 8), "JPEG", exif=exif(value))))) == 1


def test_preparing_sets_pillows_own_guards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    configure_pillow(ImageLimits(max_pixels=63))
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    data = encoded(scene(8, 8), "PNG")
    with pytest.raises(Image.DecompressionBombWarning):
        Image.open(BytesIO(data))


def test_warnings_about_metadata_are_not_for_the_log() -> None:
    configure_pillow(ImageLimits())
    with warnings.catch_warnings(record=True) as caught:
        warnings.warn_explicit(
            "Corrupt EXIF data", UserWarning, "TiffImagePlugin.py", 1, module="PIL.TiffImagePlugin"
        )
    assert not caught


def test_every_format_is_ready_after_preparing() -> None:
    configure_pillow(ImageLimits())
    assert {"JPEG", "MPO", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"} <= set(Image.SAVE)
