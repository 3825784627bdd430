from io import BytesIO
from typing import get_args

import pytest
from PIL import Image

from common.errors import InvalidRecipeError
from common.formats.format_specs import (
    Format,
    FormatSpec,
    find_format,
    output_formats,
)
from services.worker.decoding.image_header import loop_count_of
from services.worker.encoding.encoders import (
    ENCODERS,
    EncodeOptions,
    encode,
    flatten_onto_white,
)
from services.worker.encoding.frames import Frame, FrameSequence
from tests.support.images.drawings import scene, with_hole
from tests.support.images.similarity import similarity

KINDS: tuple[Format, ...] = get_args(Format)


def decoded(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_of_its_format_and_shows_the_image(kind: Format) -> None:
    image = decoded(encode(scene(), kind, EncodeOptions(quality=82)))
    assert image.format == kind.upper()
    assert find_format(kind).media_type == f"image/{kind}"
    assert similarity(image, scene()) > 0.95


@pytest.mark.parametrize("kind", ["jpeg", "webp", "avif"])
def test_quality_costs_bytes(kind: Format) -> None:
    sizes = [len(encode(scene(), kind, EncodeOptions(quality=quality))) for quality in (20, 50, 80, 95)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] / 2


def test_every_format_that_is_made_has_an_encoder() -> None:
    assert set(ENCODERS) == {spec.name for spec in output_formats()}


@pytest.mark.parametrize("spec", output_formats(), ids=lambda spec: spec.name)
def test_a_format_has_a_default_quality_exactly_if_quality_changes_its_file(spec: FormatSpec) -> None:
    low, high = (encode(scene(), spec.name, EncodeOptions(quality=quality)) for quality in (10, 90))
    assert (low != high) == (spec.default_quality is not None)


def test_a_jpeg_is_progressive_and_halves_its_colors_below_90() -> None:
    for quality, subsampling in ((82, 2), (89, 2), (90, 0)):
        image = decoded(encode(scene(), "jpeg", EncodeOptions(quality=quality)))
        assert image.info["progressive"]
        assert image.layer[0][1:3] == ((2, 2) if subsampling else (1, 1))  # type: ignore[attr-defined]


def test_a_jpeg_has_white_where_the_image_has_nothing() -> None:
    image = decoded(encode(with_hole(scene()), "jpeg", EncodeOptions(quality=90)))
    assert image.mode == "RGB"
    assert image.crop((310, 230, 330, 250)).convert("L").getextrema()[0] > 250  # type: ignore[operator]


@pytest.mark.parametrize("kind", ["png", "webp", "avif"])
def test_alpha_is_kept(kind: Format) -> None:
    image = decoded(encode(with_hole(scene()), kind, EncodeOptions(quality=90)))
    assert image.mode == "RGBA"
    assert image.getchannel("A").getextrema() == (0, 255)


def plain(image: Image.Image) -> int:
    """The size of the file that Pillow makes of it by itself."""
    file = BytesIO()
    image.save(file, "PNG")
    return len(file.getvalue())


def test_a_large_photograph_is_no_larger_for_being_made_sooner() -> None:
    image = scene(800, 600)
    data = encode(image, "png", EncodeOptions())
    assert decoded(data).tobytes() == image.tobytes()
    assert len(data) < plain(image)


def test_what_repeats_in_a_drawing_is_found() -> None:
    drawing = Image.new("RGB", (800, 600), "white")
    for place in range(0, 800, 20):
        drawing.paste("navy", (place, place % 600, place + 9, place % 600 + 15))
    assert len(encode(drawing, "png", EncodeOptions())) == plain(drawing)


def test_an_image_beyond_the_format_is_refused_with_the_reason() -> None:
    with pytest.raises(InvalidRecipeError, match="16383 pixels a side, not 16384 x 1"):
        encode(Image.new("RGB", (16384, 1)), "webp", EncodeOptions(quality=80))
    with pytest.raises(InvalidRecipeError, match="65500"):
        encode(Image.new("RGB", (1, 65501)), "jpeg", EncodeOptions(quality=80))
    assert encode(Image.new("RGB", (1, 65500)), "jpeg", EncodeOptions(quality=80))
    assert encode(Image.new("RGB", (16383, 1)), "webp", EncodeOptions(quality=80))


def test_flattening_blends_by_alpha() -> None:
    half = Image.new("RGBA", (2, 2), (255, 0, 0, 128))
    assert flatten_onto_white(half).getpixel((0, 0)) == (255, 127, 127)
    assert flatten_onto_white(half, "black").getpixel((0, 0)) == (128, 0, 0)


@pytest.mark.parametrize("quality", [89, 90, 95, 100])
def test_a_jpeg_that_is_all_fine_grain_is_made_at_any_quality(quality: int) -> None:
    grain = Image.merge("RGB", [Image.effect_noise((400, 400), 120) for _ in range(3)])
    data = encode(grain, "jpeg", EncodeOptions(quality=quality))
    assert decoded(data).convert("RGB").size == grain.size
    assert similarity(decoded(data).convert("RGB"), grain) > 0.7


def subsampling_of(avif: bytes) -> int:
    """The two bits of the codec's configuration that say whether color is halved across and down."""
    return avif[avif.index(b"av1C") + 6] >> 2 & 3


@pytest.mark.parametrize("quality, subsampling", [(60, 3), (89, 3), (90, 0), (100, 0)])
def test_an_avif_halves_its_colors_below_90(quality: int, subsampling: int) -> None:
    assert subsampling_of(encode(scene(), "avif", EncodeOptions(quality=quality))) == subsampling


@pytest.mark.parametrize("name, longest", [("webp", 2**24 - 1), ("avif", 2**24 - 1), ("gif", 655_350)])
def test_what_lasts_longer_than_a_format_can_say_lasts_as_long_as_it_can(name: str, longest: int) -> None:
    frames = [Frame(scene(64, 48), 65_535_000), Frame(scene(64, 48).rotate(180), 65_535_000)]
    image = decoded(
        encode(FrameSequence(lambda: iter(frames), count=2, loop_count=100_000), name, EncodeOptions())
    )
    assert image.n_frames == 2  # type: ignore[attr-defined]
    for number in range(2):
        image.seek(number)
        image.load()
        assert image.info["duration"] == longest
    if name != "avif":  # which plays forever
        assert loop_count_of(image) == 65_535


def test_the_durations_of_a_webp_add_up_to_what_it_can_say() -> None:
    frames = [Frame(scene(16, 12).rotate(number), 65_535_000) for number in range(200)]
    image = decoded(
        encode(FrameSequence(lambda: iter(frames), count=200, loop_count=1), "webp", EncodeOptions())
    )
    assert image.n_frames == 200  # type: ignore[attr-defined]
