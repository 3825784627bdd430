import pytest
from PIL import Image

from services.worker.decoding.color_management import Conversion, expand_palette, to_srgb
from tests.support.images import icc
from tests.support.images.drawings import scene, with_hole
from tests.support.images.sample_makers import srgb_profile


@pytest.mark.parametrize(
    "mode, becomes",
    [
        ("1", "L"), ("L", "L"), ("LA", "LA"), ("La", "LA"), ("P", "RGB"), ("RGB", "RGB"), ("RGBA", "RGBA"),
        ("RGBa", "RGBA"), ("RGBX", "RGB"), ("CMYK", "CMYK"), ("YCbCr", "RGB"), ("HSV", "RGB"), ("LAB", "RGB"),
        ("I;16", "L"), ("I;16B", "L"), ("I", "L"), ("F", "L"), ("PA", "RGBA"),
    ],
)  # fmt: skip
def test_every_mode_becomes_one_that_can_be_averaged(mode: str, becomes: str) -> None:
    result = expand_palette(Image.new(mode, (16, 8)))
    assert result.mode == becomes
    assert result.reduce(2).size == (8, 4)
    assert to_srgb(result, None)[0].mode in {"RGB", "RGBA"}


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
@pytest.mark.parametrize("stored, shown", [(0, 0), (257, 1), (32896, 128), (65535, 255), (200, 1), (100, 0)])
def test_16_bits_are_scaled_and_not_cut_off(mode: str, stored: int, shown: int) -> None:
    assert expand_palette(Image.new(mode, (2, 2), stored)).getpixel((0, 0)) == shown


@pytest.mark.parametrize(
    "mode, brightest, value, shown",
    [
        ("F", 1.0, 0.5, 127), ("F", 255.0, 100.0, 100), ("F", 65535.0, 32896.0, 128), ("I", 255, 100, 100),
        ("I", 65535, 32896, 128), ("I", 2**31 - 1, 2**30, 128), ("F", float("inf"), 1.0, 0), ("F", 1.0, -3.0, 0),
    ],
)  # fmt: skip
def test_white_is_the_end_of_the_range_that_an_image_uses(
    mode: str, brightest: float, value: float, shown: int
) -> None:
    image = Image.new(mode, (2, 1), value)
    image.putpixel((1, 0), brightest)
    result = expand_palette(image)
    assert result.getpixel((0, 0)) == shown
    assert result.getpixel((1, 0)) == 255


def test_an_alpha_that_hides_nothing_is_dropped() -> None:
    opaque = scene().convert("RGBA")
    assert to_srgb(opaque, None)[0] == scene()
    assert to_srgb(with_hole(scene()), None)[0].mode == "RGBA"


@pytest.mark.parametrize(
    "profile, mode, conversion",
    [
        (None, "RGB", Conversion.NONE),
        (srgb_profile(), "RGB", Conversion.SRGB),
        (srgb_profile(), "L", Conversion.SRGB),
        (icc.rgb_profile(), "RGB", Conversion.CONVERTED),
        (icc.rgb_profile(icc.SRGB, gamma=2.0), "RGB", Conversion.CONVERTED),
        (icc.gray_profile(1.0), "L", Conversion.CONVERTED),
        (icc.cmyk_profile(), "CMYK", Conversion.CONVERTED),
        (icc.cmyk_profile(), "RGB", Conversion.IGNORED),
        (icc.gray_profile(2.2), "RGB", Conversion.IGNORED),
        (icc.rgb_profile(), "CMYK", Conversion.IGNORED),
        (b"nonsense", "RGB", Conversion.IGNORED),
        (icc.rgb_profile()[:200], "RGB", Conversion.IGNORED),
        (icc.rgb_profile() + bytes(4 * 1024 * 1024), "RGB", Conversion.IGNORED),
    ],
)
def test_what_becomes_of_a_profile_is_said(profile: bytes | None, mode: str, conversion: Conversion) -> None:
    image, said = to_srgb(scene().convert(mode), profile)
    assert said == conversion
    assert image.mode == "RGB"


def test_a_profile_leaves_alpha_alone() -> None:
    image = with_hole(scene())
    converted, _ = to_srgb(image, icc.rgb_profile())
    assert converted.getchannel("A").tobytes() == image.getchannel("A").tobytes()
    assert converted.tobytes() != image.tobytes()


def test_the_image_given_stays_as_it_is() -> None:
    for mode in ("RGB", "RGBA", "L", "CMYK", "P"):
        image = scene().convert(mode)
        before = image.copy()
        to_srgb(expand_palette(image), icc.rgb_profile())
        assert image == before
