"""Images of every awkward kind come out upright and in their colors, uploaded and fetched over HTTP."""

import pytest
from PIL import Image

from tests.support.http.client import Client
from tests.support.images.drawings import CORNERS
from tests.support.images.samples import SOUND
from tests.support.images.similarity import color_at, colors_differ_by

KINDS = [
    "jpeg, portrait with GPS",  # EXIF orientation 6
    "jpeg, CMYK",
    "jpeg, CMYK with profile",
    "jpeg, grayscale",
    "png, 16-bit grayscale",
    "png, 16-bit color",
    "png, palette",
    "png, palette with transparency",
    "png, transparent",
    "webp, transparent",
    "gif, animated",
    "webp, animated",
    "tiff, turned",
    "avif, turned",
]
# The watermark covers the fourth.
VISIBLE = [corner for corner in CORNERS if corner != (0.95, 0.95)]


@pytest.mark.parametrize("kind", KINDS)
def test_it_comes_out_upright_and_in_its_colors(client: Client, kind: str) -> None:
    sample = SOUND[kind]()

    image_id = client.upload(sample.data, "sample")
    client.wait_completed(image_id)

    large, thumbnail = (client.output_image(image_id, name) for name in ("large", "thumbnail"))
    assert large.size == sample.expected.size
    assert large.mode == "RGB"
    assert not large.getexif()
    assert thumbnail.size == (200, 200)
    expected = _on_white(sample.expected)
    for corner in VISIBLE:
        wanted, made = color_at(expected, *corner), color_at(large, *corner)
        assert colors_differ_by(wanted, made) <= sample.tolerance, (corner, wanted, made)


def test_the_thumbnail_keeps_transparency(client: Client) -> None:
    sample = SOUND["png, transparent"]()

    image_id = client.upload(sample.data, "hole.png")
    client.wait_completed(image_id)

    thumbnail = client.output_image(image_id, "thumbnail")
    assert thumbnail.mode == "RGBA"
    # Where the hole lies depends on what the crop is drawn to.
    assert thumbnail.getchannel("A").getextrema() == (0, 255)


def _on_white(image: Image.Image) -> Image.Image:
    ground = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")
