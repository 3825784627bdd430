"""The transform alone, in one thread, against libvips with the same settings of its encoders."""

import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pyvips
from PIL import Image

from common.presets.presets import load_presets
from common.recipes.recipe import Recipe
from services.worker.pipeline_setup import build_pipeline
from services.worker.settings import WorkerSettings
from tests.benchmarks.measuring import Row, in_turn, ratio, summary
from tests.support.images.drawings import encoded, scene
from tests.support.images.similarity import similarity

_BOX = 800
# What services/worker/encoding.py gives each encoder, in libvips' words.
_SAVE: dict[str, dict[str, Any]] = {
    "jpeg": {"Q": 82, "interlace": True, "optimize_coding": True, "subsample_mode": "on"},
    "png": {"compression": 6, "filter": "all"},
    "webp": {"Q": 82, "effort": 4},
    "avif": {"Q": 60, "effort": 3, "subsample_mode": "on"},
}
_TARGETS = {"jpeg": 1.0, "png": 0.7, "webp": 0.9, "avif": 0.9}
_SUFFIX = {"jpeg": ".jpg", "png": ".png", "webp": ".webp", "avif": ".avif"}


def rows(folder: Path, *, pairs: int, quick: bool) -> Iterator[Row]:
    """One image at a time in one thread each; beside every ratio the similarity of the two results."""
    folder.mkdir()
    pyvips.cache_set_max(0)
    size = (2000, 1500) if quick else (4000, 3000)
    for kind in _SAVE:
        path = folder / f"source{_SUFFIX[kind]}"
        path.write_bytes(encoded(scene(*size), kind.upper()))
        yield from _compared(
            f"{kind} to {kind} {_BOX}", path, _recipe(kind), _vips(kind), pairs, _TARGETS[kind]
        )
    yield from _responsive(folder / "source.jpg", pairs)


def _recipe(kind: str) -> Recipe:
    operations = [{"op": "resize", "width": _BOX, "height": _BOX}]
    return msgspec.convert({"outputs": [{"name": "large", "format": kind, "operations": operations}]}, Recipe)


def _vips(kind: str) -> Callable[[Path], list[bytes]]:
    def transform(path: Path) -> list[bytes]:
        image = pyvips.Image.thumbnail(str(path), _BOX, height=_BOX, size="down")
        return [_saved(image, kind)]

    return transform


def _saved(image: Any, kind: str) -> bytes:
    made: bytes = image.write_to_buffer(_SUFFIX[kind], strip=True, **_SAVE[kind])
    return made


def _responsive(path: Path, pairs: int) -> Iterator[Row]:
    preset = load_presets().get("responsive")
    if preset is None:
        return
    wanted = preset.recipe()
    document = msgspec.to_builtins(wanted)

    def transform(source: Path) -> list[bytes]:
        made = []
        for output in document["outputs"]:
            width = output["operations"][0]["width"]
            image = pyvips.Image.thumbnail(str(source), width, height=100_000, size="down").copy_memory()
            formats = output["format"] if isinstance(output["format"], list | tuple) else [output["format"]]
            made += [_saved(image, kind) for kind in formats]
        return made

    yield from _compared("preset responsive", path, wanted, transform, max(1, pairs // 2), None)


def _compared(
    name: str,
    path: Path,
    wanted: Recipe,
    transform: Callable[[Path], list[bytes]],
    pairs: int,
    target: float | None,
) -> Iterator[Row]:
    pipeline = build_pipeline(WorkerSettings())

    def ours() -> list[bytes]:
        return [output.data for output in pipeline(path, wanted, lambda: False).outputs]

    found = in_turn({"ours": _rate(ours), "vips": _rate(lambda: transform(path))}, pairs)
    yield ratio(f"transform, {name}, to libvips", found["ours"], found["vips"], target=target)
    images = [[_decoded(data) for data in made] for made in (ours(), transform(path))]
    yield summary(
        f"transform, {name}, similarity to libvips",
        [min(similarity(our, their) for our, their in zip(*images, strict=True))],
        unit="SSIM",
    )
    sizes = [sum(map(len, made)) for made in (ours(), transform(path))]
    yield summary(f"transform, {name}, bytes to libvips", [sizes[0] / sizes[1]])


def _rate(work: Callable[[], object]) -> Callable[[], float]:
    def measured() -> float:
        count, began = 0, time.perf_counter()
        while time.perf_counter() < began + 0.4:
            work()
            count += 1
        return count / (time.perf_counter() - began)

    return measured


def _decoded(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data)) as image:
        return image.convert("RGB")
