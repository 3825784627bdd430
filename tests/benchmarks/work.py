"""The work that all contenders do, and the files they do it on."""

import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from common.recipes.recipe import Recipe
from services.worker.pipeline_setup import build_pipeline
from services.worker.settings import WorkerSettings
from tests.support.images.drawings import photograph

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Task:
    """A photograph of `size` made to fit `box`, as JPEG."""

    size: tuple[int, int]
    box: tuple[int, int]

    @property
    def data(self) -> bytes:
        """The photograph's file."""
        return _image(self.size)

    @property
    def recipe(self) -> Recipe:
        """What is to be made of it."""
        return msgspec.convert(tomllib.loads(self.preset)["default"], Recipe)

    @property
    def preset(self) -> str:
        """The same as a file of presets."""
        width, height = self.box
        return (
            '[[default.outputs]]\nname = "large"\n'
            f'operations = [{{ op = "resize", width = {width}, height = {height} }}]\n'
        )


LARGE: Final = Task((4000, 3000), (800, 800))
SMALL: Final = Task((800, 600), (200, 150))


@cache
def _image(size: tuple[int, int]) -> bytes:
    return photograph(*size)


def developer() -> Callable[[Path, Recipe, Path], None]:
    """The very pipeline of the worker, from file to file, without anything around it."""
    pipeline = build_pipeline(WorkerSettings())

    def develop(source: Path, wanted: Recipe, target: Path) -> None:
        for output in pipeline(source, wanted, lambda: False).outputs:
            target.write_bytes(output.data)

    return develop
