"""Smart crops: better than libvips' and the center on images whose subject is known, and sane on flat ones."""

import pytest
from PIL import Image

from services.worker.imaging.smart_crop import smart_crop_position
from tests.support.images.crop_overlap import METHODS, SHAPES, mean_overlap, measure_overlaps
from tests.support.images.subjects import subjects


def test_attention_keeps_more_of_the_subject_than_libvips_and_than_the_center() -> None:
    overlaps = {name: mean_overlap(find) for name, find in METHODS.items()}

    assert overlaps["attention"] > overlaps["libvips"] > overlaps["center"]
    assert overlaps["attention"] > 0.95


@pytest.mark.parametrize(
    "name", ["astronaut", "grace_hopper", "portrait, fair", "portrait, tan", "portrait, dark"]
)
def test_attention_cuts_no_face_off(name: str) -> None:
    kept = {shape: overlap for each, shape, overlap in measure_overlaps(METHODS["attention"]) if each == name}
    assert all(overlap > 0.75 for overlap in kept.values()), kept


def test_there_are_thirty_images_to_judge_by() -> None:
    assert len(subjects()) >= 30
    assert len(SHAPES) == 5


@pytest.mark.parametrize("strategy", ["attention", "entropy"])
@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (300, 200)])
def test_a_flat_image_of_any_shape_has_a_position(strategy: str, size: tuple[int, int]) -> None:
    window = (max(1, size[0] // 2), max(1, size[1] // 2))
    across, down = smart_crop_position(Image.new("RGB", size, "gray"), window, strategy=strategy)
    assert 0 <= across <= 1
    assert 0 <= down <= 1


def test_a_flat_image_is_cropped_about_its_middle_from_side_to_side() -> None:
    across, _ = smart_crop_position(Image.new("RGB", (400, 100), "gray"), (100, 100), strategy="attention")
    assert across == 0.5


def test_what_is_transparent_draws_nobody_s_eye() -> None:
    image = Image.new("RGBA", (400, 100), (128, 128, 128, 255))
    image.paste((255, 0, 0, 255), (300, 40, 330, 70))
    clear = Image.effect_mandelbrot((60, 60), (-2, -1.5, 1, 1.5), 50).convert("RGBA")
    clear.putalpha(0)
    image.paste(clear, (20, 20))

    across, _ = smart_crop_position(image, (100, 100), strategy="attention")

    assert across > 0.7
