"""From an untrusted picture and a recipe to finished files: decoded once, then one output after the other."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from PIL import Image

from common.errors import TimedOutError
from common.operations import Resize
from common.recipes import Format, Output, Recipe
from services.worker.assets import Assets
from services.worker.encoding import ENCODINGS, encode
from services.worker.faults import rendering
from services.worker.fitting import fitted
from services.worker.geometry import Size, within
from services.worker.headers import Limits
from services.worker.images import Decoded, decode
from services.worker.operations import Table, table
from services.worker.operations.resize import fitted_image
from services.worker.settling import settled_resize


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One finished file; `path` is its place beneath the image's URL, `report` says how it was made."""

    name: str
    filename: str
    path: str
    media_type: str
    width: int
    height: int
    data: bytes
    report: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Developed:
    """All that was made of one picture; `source` says what the picture was."""

    outputs: tuple[Rendered, ...]
    source: dict[str, Any]


def develop(
    source: Path, recipe: Recipe, *, limits: Limits, assets: Assets, cancelled: Callable[[], bool]
) -> Developed:
    """Make everything the recipe asks for of the picture in `source`.

    Synchronous, and safe in several threads at once; `cancelled` is asked between the steps. Raises PictureError if the
    picture is at fault (TimedOutError once cancelled) and SurroundingsError if its file cannot be read; nothing else.
    """

    def check() -> None:
        if cancelled():
            raise TimedOutError("developing the picture took longer than a job may take")

    decoded = decode(source, limits=limits, scale=lambda size: _largest_scale(recipe, size), check=check)
    operations = table(assets)
    outputs = chain.from_iterable(_rendered(output, decoded, operations, check) for output in recipe.outputs)
    return Developed(outputs=tuple(outputs), source=decoded.facts)


def _largest_scale(recipe: Recipe, size: Size) -> float:
    """The share of the picture's size that serves every output; 1 as soon as one does not begin with a resize."""
    scales = (
        fitted(size, first).scale if isinstance(first := _first(output), Resize) else 1.0
        for output in recipe.outputs
    )
    return min(1.0, max(scales))


def _first(output: Output) -> object:
    return output.operations[0] if output.operations else None


def _rendered(
    output: Output, decoded: Decoded, operations: Table, check: Callable[[], None]
) -> Iterator[Rendered]:
    """The output's files, one a format; the first is charged with the operations they share."""
    began = time.perf_counter()
    with rendering(output.name):
        image = _operated(output, decoded, operations, check)
    for kind in output.formats:
        yield _encoded(output, kind, image, began)
        check()
        began = time.perf_counter()


def _encoded(output: Output, kind: Format, image: Image.Image, began: float) -> Rendered:
    encoding = ENCODINGS[kind]
    quality = encoding.quality and (output.quality or encoding.quality)
    with rendering(output.name):
        data = encode(image, kind, quality or 0)
    report = {
        "format": kind,
        "quality": quality,
        "duration_ms": round((time.perf_counter() - began) * 1000, 1),
    }
    return Rendered(
        name=output.name,
        filename=f"{output.name}.{encoding.extension}",
        path=output.name if isinstance(output.format, str) else f"{output.name}.{encoding.extension}",
        media_type=encoding.media_type,
        width=image.width,
        height=image.height,
        data=data,
        report=report,
    )


def _operated(output: Output, decoded: Decoded, operations: Table, check: Callable[[], None]) -> Image.Image:
    """The picture after all operations. A resize that comes first is told the full size, not the decoded one's."""
    image, remaining = decoded.image, output.operations
    if isinstance(first := _first(output), Resize):
        image, remaining = _resized(decoded, first), remaining[1:]
        check()
    for operation in remaining:
        image = operations[type(operation)](image, operation)
        check()
    return image


def _resized(decoded: Decoded, parameters: Resize) -> Image.Image:
    settled = settled_resize(parameters, decoded.image)
    fit = fitted(decoded.size, settled)
    box = within(decoded.frame, decoded.size, fit.box, decoded.image.size)
    return fitted_image(decoded.image, fit, box, settled)
