"""Outputs that come to the same are made once, and keep their names."""

import pytest

from common.presets.presets import load_presets
from common.recipes.filters import Blur
from common.recipes.geometry import Resize
from common.recipes.operations import Operation
from common.recipes.recipe import Output, Recipe
from services.worker.pipeline.output_renderer import OutputFile
from services.worker.pipeline.shared_outputs import render_each_once
from tests.support.images.develop import developed
from tests.support.images.drawings import encoded, scene


def rendered_for(size: tuple[int, int], *outputs: Output) -> list[str]:
    """Return the names of the outputs that are rendered for an image of that size."""
    names: list[str] = []

    def render(output: Output) -> tuple[OutputFile, ...]:
        names.append(output.name)
        return ()

    list(render_each_once(Recipe(outputs=outputs), size, render))
    return names


def output(name: str, *operations: Operation, **options: object) -> Output:
    return Output(name=name, operations=operations, **options)  # type: ignore[arg-type]


def test_the_preset_responsive_makes_each_size_of_a_small_image_once() -> None:
    files = developed(encoded(scene(700, 500), "PNG"), load_presets()["responsive"].recipe()).outputs

    assert [file.name for file in files[::3]] == ["w320", "w640", "w960", "w1280", "w1920"]
    assert len({file.filename for file in files}) == len({file.data for file in files}) == 9
    assert [file.filename for file in files[6::3]] == ["w960.avif"] * 3
    assert [file.path for file in files[8::3]] == ["w960.jpg"] * 3
    assert {(file.width, file.height) for file in files[6:]} == {(700, 500)}
    assert all(file.report.duration_ms == 0 for file in files[9:])


@pytest.mark.parametrize(
    "one, other",
    [
        (output("a", Resize(width=900)), output("b", Resize(width=1200))),
        (output("a", Resize(width=900, height=900)), output("b", Resize(width=1200), format="jpeg")),
        (output("a"), output("b")),
        (output("a", Resize(width=900), Blur(sigma=2)), output("b", Resize(width=1200), Blur(sigma=2))),
    ],
)
def test_what_comes_to_the_same_is_rendered_once(one: Output, other: Output) -> None:
    assert rendered_for((800, 600), one, other) == ["a"]


@pytest.mark.parametrize(
    "one, other",
    [
        (output("a", Resize(width=700)), output("b", Resize(width=1200))),
        (output("a", Resize(width=900)), output("b", Resize(width=1200), quality=50)),
        (output("a", Resize(width=900)), output("b", Resize(width=1200), format="webp")),
        (output("a", Resize(width=900), Blur(sigma=2)), output("b", Resize(width=1200), Blur(sigma=3))),
        (output("a", Resize(width=900, enlarge=True)), output("b", Resize(width=1200, enlarge=True))),
        (output("a", Resize(width=9, height=9, fit="cover")), output("b", Resize(width=9, height=9))),
    ],
)
def test_what_differs_is_rendered_for_itself(one: Output, other: Output) -> None:
    assert rendered_for((800, 600), one, other) == ["a", "b"]
