"""What decoding in a child process costs an image: the same pipeline with and without it, in turn.

`python -m tests.benchmarks.decoding` prints this group alone.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from common.recipes.recipe import Recipe
from services.worker.jobs.executor import Pipeline
from services.worker.pipeline_setup import build_pipeline, open_decoder
from services.worker.settings import WorkerSettings
from tests.benchmarks.measuring import Row, in_turn, summary
from tests.support.images.drawings import photograph

_TARGET_MILLISECONDS = 2.0
_CASES = {
    "800x600 to 200": ((800, 600), 200),
    "12 megapixels to 800": ((4000, 3000), 800),
    "12 megapixels to 2400": ((4000, 3000), 2400),
}


def rows(folder: Path, *, pairs: int, quick: bool) -> Iterator[Row]:
    """Milliseconds that the child process adds to an image, and the time to replace one that has died."""
    folder.mkdir()
    settings = WorkerSettings()
    with open_decoder(settings) as decoder:
        here, child = build_pipeline(settings), build_pipeline(settings, decoder)
        for name, (size, box) in _CASES.items():
            path = folder / "source.jpg"
            path.write_bytes(photograph(*size))
            wanted, count = _recipe(box), 5 if quick else 10
            found = in_turn(
                {
                    "here": _milliseconds(here, path, wanted, count),
                    "child": _milliseconds(child, path, wanted, count),
                },
                pairs,
            )
            yield summary(
                f"decoding in a child, {name}, added",
                [
                    with_child - without
                    for with_child, without in zip(found["child"], found["here"], strict=True)
                ],
                unit="ms",
                target=_TARGET_MILLISECONDS,
                at_most=True,
                note=f"of {min(found['here']):.1f} ms",
            )
    yield summary("decoding in a child, a fresh process for each image", _replacing(folder, pairs), unit="ms")


def _recipe(box: int) -> Recipe:
    operations = [{"op": "resize", "width": box, "height": box}]
    return msgspec.convert(
        {"outputs": [{"name": "large", "format": "jpeg", "operations": operations}]}, Recipe
    )


def _milliseconds(pipeline: Pipeline, path: Path, wanted: Recipe, count: int) -> Callable[[], float]:
    """The least time of several runs: what disturbs the machine only ever adds to it."""

    def measured() -> float:
        return min(_timed(lambda: pipeline(path, wanted, lambda: False)) for _ in range(count))

    return measured


def _replacing(folder: Path, pairs: int) -> list[float]:
    """What it adds that the process is ended and forked anew, with an image of 800x600."""
    path, wanted = folder / "small.jpg", _recipe(200)
    path.write_bytes(photograph(800, 600))
    kept, fresh = WorkerSettings(), WorkerSettings(images_per_decoder=1)
    with open_decoder(kept) as one, open_decoder(fresh) as other:
        found = in_turn(
            {
                "kept": _milliseconds(build_pipeline(kept, one), path, wanted, 10),
                "fresh": _milliseconds(build_pipeline(fresh, other), path, wanted, 10),
            },
            pairs,
        )
    return [new - old for new, old in zip(found["fresh"], found["kept"], strict=True)]


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def main() -> None:
    """Print the rows of this group."""
    with TemporaryDirectory(prefix="darkroom-bench-") as name:
        for row in rows(Path(name) / "decoding", pairs=5, quick=False):
            print(
                f"{row.name}: {row.value:.2f} {row.unit} ({row.low:.2f} to {row.high:.2f}) {row.note}",
                flush=True,
            )


if __name__ == "__main__":
    main()
