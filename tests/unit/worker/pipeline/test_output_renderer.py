"""The settings of an output: size in bytes, what is kept, the format that suits, and what a phone sends."""

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageDraw

from common.errors import InvalidRecipeError
from common.formats.format_specs import Format
from common.recipes.geometry import Resize
from common.recipes.watermark import Watermark
from services.worker.decoding.icc_profile import rebuild_rgb_profile
from services.worker.encoding.quality_search import find_quality_for_size
from tests.support.images import icc
from tests.support.images.develop import developed, opened, recipe_of
from tests.support.images.drawings import (
    encoded,
    exif,
    laid,
    photograph,
    scene,
    with_hole,
)
from tests.support.images.similarity import similarity

SMALL = Resize(width=160, height=160)
KINDS: tuple[Format, ...] = get_args(Format)


def credited() -> bytes:
    tags = exif(1)
    tags[ExifTags.Base.Artist] = "Ada Example"
    tags[ExifTags.Base.Copyright] = "(c) 2026 Ada"
    return encoded(scene(), "JPEG", exif=tags, comment=b"taken at home", xmp=b"<x:xmpmeta>secret</x:xmpmeta>")


def test_a_phones_heic_comes_out_upright_in_srgb_and_without_gps() -> None:
    data = encoded(laid(scene(), 6), "HEIF", quality=90, exif=exif(6), icc_profile=icc.rgb_profile())
    result = developed(data, recipe_of())
    source, image = result.source, opened(result.outputs[0])
    assert source is not None
    assert (source.format, source.orientation, source.gps_removed, source.profile) == (
        "heif",
        6,
        True,
        "converted",
    )
    assert {"exif", "gps", "icc"} <= set(source.metadata)
    assert image.size == (640, 480)
    assert not image.getexif()
    assert "icc_profile" not in image.info
    wide = encoded(scene(), "PNG", icc_profile=icc.rgb_profile())
    assert similarity(image, opened(developed(wide, recipe_of()).outputs[0])) > 0.95


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_originals_metadata_is_in_any_format(kind: str) -> None:
    output = developed(credited(), recipe_of(SMALL, format=kind)).outputs[0].data
    for secret in (b"Lochkamera", b"Ada", b"taken at home", b"secret", b"GPS"):
        assert secret not in output


@pytest.mark.parametrize("kind", KINDS)
def test_artist_and_copyright_are_kept_on_demand_and_nothing_else(kind: str) -> None:
    output = developed(credited(), recipe_of(SMALL, format=kind, keep=("copyright",))).outputs[0]
    assert b"Ada Example" in output.data
    assert b"(c) 2026 Ada" in output.data
    assert b"Lochkamera" not in output.data
    if kind != "gif":
        assert set(opened(output).getexif()) == {ExifTags.Base.Artist, ExifTags.Base.Copyright}


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
def test_a_kept_profile_leaves_the_colors_as_they_are(kind: str) -> None:
    profile = icc.rgb_profile() + b"what hangs on the profile"
    data = encoded(scene(), "PNG", icc_profile=profile)
    output = developed(data, recipe_of(format=kind, keep=("icc",), quality=95)).outputs[0]
    image = opened(output)
    assert image.info["icc_profile"] == rebuild_rgb_profile(profile)
    assert b"made in code" not in image.info["icc_profile"], "the original's own description"
    assert b"what hangs" not in output.data
    assert similarity(image, scene()) > 0.97
    table = encoded(scene(), "PNG", icc_profile=icc.rgb_profile().replace(b"cprt", b"A2B0"))
    assert "icc_profile" not in opened(developed(table, recipe_of(keep=("icc",))).outputs[0]).info
    gray = encoded(scene().convert("L"), "PNG", icc_profile=icc.gray_profile(1.0))
    assert "icc_profile" not in opened(developed(gray, recipe_of(keep=("icc",))).outputs[0]).info


@pytest.mark.parametrize("kind", ["jpeg", "webp", "avif"])
def test_a_file_fits_in_the_bytes_it_may_have(kind: str) -> None:
    free = developed(photograph(), recipe_of(format=kind)).outputs[0]
    most = len(free.data) // 2
    output = developed(photograph(), recipe_of(format=kind, max_bytes=most)).outputs[0]
    assert most * 0.7 < len(output.data) <= most
    assert output.report.quality < free.report.quality  # type: ignore[operator]  # these have one
    with pytest.raises(InvalidRecipeError, match=f"bytes as {kind} at the lowest quality, more than 64"):
        developed(photograph(), recipe_of(format=kind, max_bytes=64))


def test_a_format_without_quality_fits_or_fails() -> None:
    with pytest.raises(InvalidRecipeError, match="bytes as png, more than 1000"):
        developed(photograph(), recipe_of(format="png", max_bytes=1000))


@pytest.mark.parametrize("most, best", [(100, 80), (80, 80), (41, 41), (1, 1), (0, 1)])
def test_the_best_quality_that_fits_is_found(most: int, best: int) -> None:
    tried: list[int] = []

    def make(quality: int) -> bytes:
        tried.append(quality)
        return bytes(quality)

    assert find_quality_for_size(make, 80, most) == (bytes(best), best)
    assert len(tried) <= 8


def test_auto_takes_what_suits_the_image() -> None:
    drawing = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(drawing).rectangle((40, 40, 200, 120), fill="navy")
    for image, kind in ((scene(), "jpeg"), (with_hole(scene()), "webp"), (drawing, "png")):
        output = developed(encoded(image, "PNG"), recipe_of(format="auto")).outputs[0]
        assert (output.report.format, output.path) == (kind, "it")
    assert developed(photograph(), recipe_of(format="auto", lossless=True)).outputs[0].report.format == "webp"


def test_a_lossless_webp_is_the_same_pixel_by_pixel() -> None:
    output = developed(encoded(scene(), "PNG"), recipe_of(format="webp", lossless=True)).outputs[0]
    assert opened(output).convert("RGB").tobytes() == scene().tobytes()
    assert output.report.quality is None


def test_bytes_saved_are_counted_against_the_original() -> None:
    output = developed(photograph(), recipe_of(SMALL, format="jpeg")).outputs[0]
    assert output.report.bytes_saved == len(photograph()) - len(output.data) > 0


SEVERAL = st.lists(st.sampled_from(KINDS), min_size=1, unique=True).map(tuple)


@settings(max_examples=40, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "format": st.sampled_from(KINDS)
            | st.just("auto")
            | st.lists(st.sampled_from(KINDS), min_size=1, unique=True).map(tuple),
            "quality": st.none() | st.integers(1, 100),
            "max_bytes": st.none() | st.integers(64, 20_000),
            "animated": st.booleans(),
            "keep": st.sampled_from([(), ("copyright",)]),
        }
    ),
    st.sampled_from(["RGB", "RGBA", "L", "P"]),
)
def test_any_settings_end_in_files_or_in_an_error_of_ours(options: dict[str, Any], mode: str) -> None:
    data = encoded(scene(90, 60).convert(mode), "PNG")
    refusal = ""
    try:
        outputs = developed(data, recipe_of(**options)).outputs
    except InvalidRecipeError as error:
        refusal, outputs = str(error), ()
    assert outputs or f"more than {options['max_bytes']}" in refusal
    for output in outputs:
        assert opened(output).size == (90, 60)
        assert len(output.data) <= (options["max_bytes"] or len(output.data))


def test_letters_that_the_font_lacks_are_told_in_the_report() -> None:
    marked = recipe_of(Watermark(text="© 東京"), Watermark(text="DRAFT"))
    (output,) = developed(photograph(), marked).outputs
    assert output.report.warnings == ("the server's font lacks letters of the watermark: 東 京",)
    (plain,) = developed(photograph(), recipe_of(Watermark(text="SAMPLE"))).outputs
    assert plain.report.warnings == ()
