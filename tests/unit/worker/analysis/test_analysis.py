"""What is said of an image: hashes, colors and tags."""

import base64
from io import BytesIO
from random import Random

import pytest
import thumbhash as reference  # type: ignore[import-untyped]  # it ships no types
from PIL import Image, ImageDraw

from common.model.reports import ImageReport
from common.recipes.geometry import Resize
from services.worker.analysis.phash import phash
from services.worker.analysis.thumbhash import thumbhash
from tests.support.images.develop import developed, recipe_of
from tests.support.images.drawings import encoded, scene, with_hole
from tests.support.images.similarity import colors_differ_by


def report(image: Image.Image) -> ImageReport:
    made = developed(encoded(image, "PNG"), recipe_of()).image
    assert made is not None
    return made


def drawing() -> Image.Image:
    image = Image.new("RGB", (300, 300), "white")
    ImageDraw.Draw(image).ellipse((50, 50, 200, 200), fill="navy", outline="red", width=9)
    return image


def noise(seed: int) -> Image.Image:
    small = Image.frombytes("RGB", (12, 12), Random(seed).randbytes(432))
    return small.resize((300, 300), Image.Resampling.BICUBIC)


def apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


@pytest.mark.parametrize("width", [640, 320, 97])
@pytest.mark.parametrize("quality", [20, 80])
def test_copies_have_nearly_the_same_hash(width: int, quality: int) -> None:
    for image in (scene(), noise(1), noise(2)):
        size = (width, round(width * image.height / image.width))
        copy = Image.open(BytesIO(encoded(image.resize(size), "JPEG", quality=quality)))
        assert apart(phash(image.convert("RGB")), phash(copy)) <= 6


def test_other_images_have_other_hashes() -> None:
    hashes = [phash(image) for image in (scene(), drawing(), *map(noise, range(6)))]
    for number, one in enumerate(hashes):
        assert all(apart(one, other) >= 16 for other in hashes[number + 1 :])


@pytest.mark.parametrize("image", [scene(), scene(300, 640), drawing(), noise(3)])
def test_a_placeholder_is_what_the_reference_makes(image: Image.Image) -> None:
    small = image.convert("RGBA")
    small.thumbnail((48, 48), Image.Resampling.BOX)
    expected = reference.rgba_to_thumb_hash(*small.size, list(small.tobytes()))
    found = base64.b64decode(thumbhash(image, image.size))
    assert len(found) == len(expected)
    assert found[3:5] == bytes(expected[3:5])  # shape and scales
    for one, other in zip(found[5:], expected[5:], strict=True):
        assert abs((one & 15) - (other & 15)) <= 1
        assert abs((one >> 4) - (other >> 4)) <= 1


def test_a_placeholder_tells_of_transparency() -> None:
    found = base64.b64decode(thumbhash(with_hole(scene()), (640, 480)))
    assert found[2] & 0x80
    assert not base64.b64decode(thumbhash(scene(), (640, 480)))[2] & 0x80


@pytest.mark.parametrize(
    "image, wanted",
    [
        (scene(), {"landscape", "colorful", "photograph"}),
        (scene(300, 400), {"portrait", "colorful", "photograph"}),
        (drawing(), {"square", "drawing", "bright"}),
        (
            Image.new("RGB", (400, 100), (10, 10, 12)),
            {"landscape", "panorama", "dark", "monochrome", "drawing"},
        ),
        (
            Image.new("RGBA", (50, 50), (200, 0, 0, 90)),
            {"square", "colorful", "drawing", "transparent", "dark"},
        ),
    ],
)
def test_tags_follow_their_rules(image: Image.Image, wanted: set[str]) -> None:
    assert set(report(image).tags) == wanted


def test_colors_are_those_of_what_shows() -> None:
    image = Image.new("RGBA", (90, 90), (0, 0, 0, 0))
    image.paste((200, 40, 40, 255), (0, 0, 60, 90))
    found = report(image)
    assert found.average_color in ("#c82828", "#c72828")  # averaging premultiplied pixels rounds
    assert [(swatch.color, swatch.share) for swatch in found.palette] == [("#c82828", 1.0)]
    assert report(Image.new("RGBA", (9, 9))).palette == ()


def test_a_palette_has_five_colors_whose_shares_add_up() -> None:
    palette = report(scene()).palette
    assert len(palette) == 5
    assert sum(swatch.share for swatch in palette) == pytest.approx(1, abs=0.01)
    assert [swatch.share for swatch in palette] == sorted((s.share for s in palette), reverse=True)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3)])
def test_the_smallest_images_are_reported_too(size: tuple[int, int]) -> None:
    assert len(report(Image.new("RGB", size, "red")).phash) == 16


def report_beside(data: bytes, width: int) -> ImageReport:
    """Return the report on an image of which one output of that width is made."""
    made = developed(data, recipe_of(Resize(width=width))).image
    assert made is not None
    return made


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(2000, 1500), (1601, 1203), (640, 480), (300, 900)])
def test_the_report_does_not_depend_on_the_recipe(kind: str, size: tuple[int, int]) -> None:
    data = encoded(scene(*size), kind, quality=88)
    whole = report_beside(data, 8192)

    for width in (8, 64, 200, 500):
        found = report_beside(data, width)
        assert found.tags == whole.tags
        assert apart(found.phash, whole.phash) <= 2
        assert colors_differ_by(rgb(found.average_color), rgb(whole.average_color)) <= 2


def rgb(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color.removeprefix("#")))


@pytest.mark.parametrize("color", ["white", "black", "#7f7f7f", "#789a5e"])
def test_a_flat_image_has_one_hash_however_it_is_stored(color: str) -> None:
    flat = Image.new("RGB", (640, 480), color)
    files = [
        encoded(flat, "PNG"),
        *(encoded(flat.resize((w, w)), "JPEG", quality=q) for w, q in ((333, 20), (97, 80))),
    ]
    hashes = {report_beside(data, width).phash for data in files for width in (8, 400)}
    assert len(hashes) == 1


def test_the_noise_of_a_flat_image_is_not_hashed() -> None:
    def speckled(seed: int) -> Image.Image:
        levels = bytes(127 + value % 3 for value in Random(seed).randbytes(320 * 240))
        return Image.frombytes("L", (320, 240), levels)

    assert phash(speckled(1)) == phash(speckled(2)) == phash(Image.new("L", (320, 240), 128))
