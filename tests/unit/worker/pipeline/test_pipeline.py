import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from common.errors import StoreUnavailableError, TimedOutError
from common.inspection.limits import ImageLimits
from common.model.reports import SourceReport
from common.recipes.geometry import Resize
from common.recipes.recipe import Output, Recipe
from common.recipes.watermark import Watermark
from services.worker.decoding.assets import Assets
from services.worker.pipeline.pipeline import develop
from tests.support.images.develop import (
    BOX,
    developed,
    on_white,
    opened,
    recipe_of,
)
from tests.support.images.drawings import encoded, photograph, scene
from tests.support.images.samples import SOUND
from tests.support.images.similarity import color_at, colors_differ_by, similarity
from tests.support.presets import default_recipe

INSIDE = Resize(width=BOX, height=BOX)
MARK = Watermark(text="SAMPLE WATERMARK")


@pytest.mark.parametrize("name", SOUND)
def test_every_kind_of_image_comes_out_upright_and_in_its_colors(name: str) -> None:
    sample = SOUND[name]()
    output = opened(developed(sample.data, recipe_of(INSIDE)).outputs[0])
    expected = sample.expected.resize(output.size)
    if min(output.size) > 1:
        assert similarity(on_white(output), on_white(expected)) >= sample.likeness
    for place in ((0.05, 0.05), (0.95, 0.05), (0.05, 0.95), (0.95, 0.95), (0.5, 0.5)):
        shown, wanted = (color_at(on_white(image), *place) for image in (output, expected))
        assert colors_differ_by(shown, wanted) <= sample.tolerance, f"{shown}, not {wanted}, at {place}"


@pytest.mark.parametrize("name", SOUND)
def test_sizes_are_what_the_recipe_says_of_the_full_image(name: str) -> None:
    sample = SOUND[name]()
    result = developed(sample.data, recipe_of(INSIDE))
    width, height = sample.expected.size
    scale = min(1, BOX / max(width, height))
    assert result.source is not None
    assert (result.source.width, result.source.height) == (width, height)
    assert opened(result.outputs[0]).size == tuple(
        max(1, int(side * scale + 0.5)) for side in (width, height)
    )


@pytest.mark.parametrize("name", SOUND)
def test_the_built_in_preset_develops_every_kind_without_metadata(name: str) -> None:
    large, thumbnail = developed(SOUND[name]().data, default_recipe()).outputs
    assert (large.filename, large.media_type) == ("large.jpg", "image/jpeg")
    assert (thumbnail.filename, thumbnail.media_type) == ("thumbnail.webp", "image/webp")
    assert (thumbnail.width, thumbnail.height) == (200, 200)
    for output in (large, thumbnail):
        image = opened(output)
        assert image.size == (output.width, output.height)
        assert not image.getexif()
        assert not {"exif", "icc_profile", "xmp", "comment", "dpi", "photoshop"} & set(image.info)
        assert b"Lochkamera" not in output.data
        assert getattr(image, "n_frames", 1) == 1


@pytest.mark.parametrize("name", ["png, annotated and turned", "png, transparent", "tiff, turned"])
def test_a_png_carries_nothing_over(name: str) -> None:
    image = opened(developed(SOUND[name]().data, recipe_of()).outputs[0])
    assert image.info == {}
    assert not image.getexif()


def test_transparency_is_kept_where_the_format_has_it_and_white_elsewhere() -> None:
    data = SOUND["png, transparent"]().data
    middle = (0.5, 0.5)
    for kind in ("png", "webp"):
        assert color_at(opened(developed(data, recipe_of(INSIDE, format=kind)).outputs[0]), *middle)[3] == 0
    assert color_at(opened(developed(data, recipe_of(INSIDE, format="jpeg")).outputs[0]), *middle) == (
        255,
        255,
        255,
    )


def test_the_source_is_reported() -> None:
    data = photograph(300, 400, orientation=6)
    assert developed(data, recipe_of(INSIDE)).source == SourceReport(
        format="jpeg",
        width=300,
        height=400,
        mode="RGB",
        frames=1,
        bytes=len(data),
        orientation=6,
        gps_removed=True,
        profile="none",
        metadata=("exif", "gps"),
    )


def test_all_outputs_come_from_one_decode_whatever_their_order() -> None:
    resizes = [Resize(width=side, height=side) for side in (64, 320, 128)]
    outputs = tuple(Output(name=f"o{r.width}", format="png", operations=(r,)) for r in resizes)
    images = [opened(output) for output in developed(photograph(1600, 1200), Recipe(outputs=outputs)).outputs]
    assert [image.size for image in images] == [(64, 48), (320, 240), (128, 96)]
    for image in images:
        assert similarity(image, scene(1600, 1200).resize(image.size)) > 0.97


def test_an_output_without_a_resize_has_the_full_size_though_another_is_small() -> None:
    outputs = (Output(name="full", format="png"), Output(name="small", format="png", operations=(INSIDE,)))
    full, small = developed(photograph(1600, 1200), Recipe(outputs=outputs)).outputs
    assert (full.width, full.height) == (1600, 1200)
    assert (small.width, small.height) == (320, 240)


def test_an_output_of_several_formats_is_rendered_once_and_encoded_in_each() -> None:
    recipe = recipe_of(INSIDE, MARK, format=("avif", "webp", "jpeg"))
    outputs = developed(photograph(), recipe).outputs
    assert [output.name for output in outputs] == ["it"] * 3
    assert [output.filename for output in outputs] == ["it.avif", "it.webp", "it.jpg"]
    assert [output.path for output in outputs] == ["it.avif", "it.webp", "it.jpg"]
    assert [output.media_type for output in outputs] == ["image/avif", "image/webp", "image/jpeg"]
    for output in outputs:
        assert similarity(opened(output), opened(outputs[0])) > 0.95


def test_an_output_of_one_format_is_found_by_its_name_alone() -> None:
    assert developed(photograph(), recipe_of(INSIDE, format="jpeg")).outputs[0].path == "it"


def test_operations_are_done_in_their_order() -> None:
    data = encoded(scene(), "PNG")
    marked_first = developed(data, recipe_of(MARK, INSIDE)).outputs[0]
    marked_last = developed(data, recipe_of(INSIDE, MARK)).outputs[0]
    assert (marked_first.width, marked_last.width) == (BOX, BOX)
    assert marked_first.data != marked_last.data


def test_cancelling_is_noticed_between_any_two_steps() -> None:
    calls = count()
    developed(photograph(), default_recipe(), cancelled=lambda: next(calls) < 0)
    steps = next(calls)
    assert steps >= 6
    for step in range(steps):
        with pytest.raises(TimedOutError, match="longer"):
            developed(photograph(), default_recipe(), cancelled=_from(step))


def _from(step: int) -> Callable[[], bool]:
    calls = count()
    return lambda: next(calls) >= step


def test_a_source_that_cannot_be_read_is_the_surroundings_fault(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="cannot be read") as caught:
        develop(
            tmp_path / "none",
            default_recipe(),
            limits=ImageLimits(),
            assets=Assets(),
            cancelled=lambda: False,
        )
    assert str(tmp_path) not in str(caught.value)


def test_several_threads_make_what_one_makes() -> None:
    names = ["jpeg, orientation 6", "jpeg, wide gamut", "png, transparent", "gif, animated"] * 4
    data = {name: SOUND[name]().data for name in names}
    alone = {name: developed(data[name], default_recipe()).outputs for name in data}
    barrier = threading.Barrier(4)

    def work(name: str) -> list[bytes]:
        barrier.wait(timeout=30)
        return [output.data for output in developed(data[name], default_recipe()).outputs]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(work, names))
    assert together == [[output.data for output in alone[name]] for name in names]
