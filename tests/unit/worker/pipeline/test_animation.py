"""Animations stay animated: every frame, in its time, as often as before."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageDraw

from common.errors import CorruptImageError, InvalidRecipeError
from common.inspection.limits import ImageLimits
from common.recipes.geometry import Resize, Trim
from common.recipes.watermark import Watermark
from services.worker.encoding.frames import (
    Frame,
    FrameSequence,
    LazyAnimation,
    to_hundredths,
)
from tests.support.images.develop import developed, opened, recipe_of
from tests.support.images.drawings import encoded
from tests.support.images.similarity import color_at, colors_differ_by
from tests.support.presets import default_recipe

SIZE = (120, 90)
SMALL = Resize(width=60, height=60)
COLORS = [(220, 40, 40), (40, 180, 60), (40, 60, 210), (235, 215, 60)]


def frames(count: int, mode: str = "RGB") -> list[Image.Image]:
    """Frames in turning colors, on each a square that wanders."""
    made = []
    for number in range(count):
        ground = (0, 0, 0, 0) if mode == "RGBA" else COLORS[number % 4]
        frame = Image.new(mode, SIZE, ground)
        ImageDraw.Draw(frame).rectangle((number % 90, 20, number % 90 + 25, 60), fill=(250, 250, 245))
        made.append(frame)
    return made


def animation(kind: str, count: int = 5, mode: str = "RGB", **options: Any) -> bytes:
    first, *rest = frames(count, mode)
    timing = {"duration": [40 + 10 * (number % 7) for number in range(count)], "loop": 0} | options
    return encoded(first, kind, save_all=True, append_images=rest, **timing)


def durations(data: bytes) -> list[int]:
    image, found = Image.open(BytesIO(data)), []
    for number in range(image.n_frames):  # type: ignore[attr-defined]  # the formats that move have it
        image.seek(number)
        image.load()
        found.append(round(image.info["duration"]))
    return found


@pytest.mark.parametrize("kind", ["gif", "webp", "avif"])
def test_a_hundred_frames_resized_and_marked_play_with_the_same_timing(kind: str) -> None:
    data = animation("GIF", 100, loop=2)
    recipe = recipe_of(SMALL, Watermark(text="MARK"), format=kind)
    output = developed(data, recipe).outputs[0]
    assert durations(output.data) == durations(data)
    assert len(durations(output.data)) == output.report.frames == 100
    image = opened(output)
    assert image.size == (60, 45)
    if kind != "avif":  # Pillow tells nothing of its loops
        assert image.info["loop"] == {"gif": 2, "webp": 3}[kind]


@pytest.mark.parametrize("source", ["GIF", "WEBP", "PNG", "AVIF"])
@pytest.mark.parametrize("kind", ["gif", "webp", "avif"])
def test_each_format_moves_into_each(source: str, kind: str) -> None:
    data = animation(source)
    output = developed(data, recipe_of(SMALL, format=kind)).outputs[0]
    image = Image.open(BytesIO(output.data))
    assert durations(output.data) == [40, 50, 60, 70, 80]
    for number in range(5):
        image.seek(number)
        shown = color_at(image.convert("RGB"), 0.95, 0.9)
        assert colors_differ_by(shown, COLORS[number % 4]) < 25, number


@pytest.mark.parametrize("repeats, gif, webp", [(None, None, 1), (0, 0, 0), (4, 4, 5)])
def test_it_plays_as_often_as_before(repeats: int | None, gif: int | None, webp: int) -> None:
    data = animation("GIF", loop=repeats)
    assert opened(developed(data, recipe_of(format="gif")).outputs[0]).info.get("loop") == gif
    assert opened(developed(data, recipe_of(format="webp")).outputs[0]).info["loop"] == webp


@pytest.mark.parametrize("source", ["GIF", "WEBP"])
@pytest.mark.parametrize("kind", ["gif", "webp", "avif"])
def test_what_was_transparent_shows_no_earlier_frame(source: str, kind: str) -> None:
    data = animation(source, 60, "RGBA", disposal=2) if source == "GIF" else animation(source, 60, "RGBA")
    image = Image.open(BytesIO(developed(data, recipe_of(format=kind)).outputs[0].data))
    image.seek(55)
    alpha = image.convert("RGBA").getchannel("A")
    assert alpha.getpixel((10, 40)) < 20  # type: ignore[operator]  # where the square was at first
    assert alpha.getpixel((70, 40)) > 230  # type: ignore[operator]


def test_every_frame_is_trimmed_as_the_first() -> None:
    output = developed(animation("GIF", 30), recipe_of(Trim(), format="gif")).outputs[0]
    image = Image.open(BytesIO(output.data))
    assert output.report.frames == 30
    assert image.size == (output.width, output.height) == (26, 41)


@pytest.mark.parametrize(
    "options", [{"format": "jpeg"}, {"format": "png"}, {"format": "webp", "animated": False}]
)
def test_a_still_image_is_the_first_frame(options: dict[str, Any]) -> None:
    output = developed(animation("GIF"), recipe_of(**options)).outputs[0]
    image = opened(output)
    assert getattr(image, "n_frames", 1) == output.report.frames == 1
    assert colors_differ_by(color_at(image.convert("RGB"), 0.95, 0.9), COLORS[0]) < 12


def test_the_built_in_preset_makes_still_images() -> None:
    assert [o.report.frames for o in developed(animation("GIF"), default_recipe()).outputs] == [1, 1]


def test_several_formats_each_do_what_they_can() -> None:
    outputs = developed(animation("GIF"), recipe_of(SMALL, format=("avif", "webp", "jpeg"))).outputs
    assert [output.report.frames for output in outputs] == [5, 5, 1]


def test_auto_keeps_an_animation_moving() -> None:
    output = developed(animation("GIF"), recipe_of(format="auto")).outputs[0]
    assert (output.media_type, output.report.frames) == ("image/webp", 5)


def test_all_frames_of_an_output_are_limited() -> None:
    enlarged = recipe_of(Resize(width=1200, height=900, enlarge=True), format="webp")
    with pytest.raises(InvalidRecipeError, match="5400000 pixels in all"):
        developed(animation("GIF"), enlarged, limits=ImageLimits(max_total_pixels=5_000_000))


def test_damage_in_a_later_frame_fails_what_moves() -> None:
    data = animation("GIF", 40)
    hurt = data[: len(data) * 2 // 3]
    with pytest.raises(CorruptImageError):
        developed(hurt, recipe_of(format="webp"))
    assert developed(hurt, recipe_of(format="jpeg")).outputs


def test_rounding_to_hundredths_does_not_add_up() -> None:
    image = Image.new("L", (1, 1))
    rounded = [frame.duration for frame in to_hundredths(Frame(image, 33) for _ in range(100))]
    assert sum(rounded) == 3300
    assert set(rounded) == {30, 40}


def test_a_film_holds_one_frame_and_runs_forwards_only() -> None:
    animation = LazyAnimation(iter([Frame(frame, 10) for frame in frames(3)]), 3, lambda image: image)
    animation.seek(1)
    animation.seek(0)
    assert animation.tell() == 0
    with pytest.raises(EOFError):
        animation.seek(1)
    animation.seek(2)
    with pytest.raises(EOFError):
        animation.seek(3)
    assert animation.durations == [10, 10, 10]


@pytest.mark.parametrize("side, runs", [(10, 1), (3000, 2)])
def test_small_frames_are_rendered_once_for_all_files(side: int, runs: int) -> None:
    started = []

    def render() -> Any:
        started.append(1)
        yield from [Frame(Image.new("L", (side, side)), 10)] * 2

    sequence = FrameSequence(render, count=2, loop_count=0)
    assert [len(list(sequence)), len(list(sequence))] == [2, 2]
    assert len(started) == runs
