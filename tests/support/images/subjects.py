"""Images with a subject whose place is known, for judging crops: photographs, and scenes drawn in code.

The photographs in the folder `subjects` are copies 320 pixels a side; README.md there names their authors and licenses.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from PIL import Image

from tests.support.images import drawn_subjects as drawn
from tests.support.images.drawn_subjects import Box, Draw

_FOLDER: Final = Path(__file__).parent / "subjects"
# The subject's box as shares of width and height: of people the head, as long as it fills a good part of the image.
_PHOTOGRAPHS: Final[Mapping[str, Box]] = MappingProxyType(
    {
        "astronaut": (0.33, 0.02, 0.58, 0.45),
        "camera": (0.35, 0.13, 0.70, 0.42),
        "chelsea": (0.22, 0.10, 0.76, 0.98),
        "china": (0.10, 0.08, 0.58, 0.85),
        "coffee": (0.28, 0.10, 0.70, 0.75),
        "flower": (0.27, 0.15, 0.70, 0.88),
        "grace_hopper": (0.28, 0.02, 0.75, 0.68),
        "rocket": (0.42, 0.22, 0.57, 0.82),
    }
)
_WIDE, _TALL, _SQUARE = (640, 427), (427, 640), (480, 480)
_SCENES: Final[Mapping[str, tuple[tuple[int, int], str, Draw, Box]]] = MappingProxyType(
    {
        "portrait, fair": (
            _TALL,
            "wall",
            drawn.person("#e8b898", "#5a3a22", "#2f4a6d"),
            (0.36, 0.12, 0.64, 0.42),
        ),
        "portrait, tan": (
            _TALL,
            "meadow",
            drawn.person("#c68642", "#1d1512", "#8c2f39"),
            (0.30, 0.10, 0.62, 0.42),
        ),
        "portrait, dark": (
            _TALL,
            "room",
            drawn.person("#6b4226", "#120d0a", "#e0d9c8"),
            (0.40, 0.08, 0.68, 0.36),
        ),
        "portrait, at the right": (
            _WIDE,
            "lights",
            drawn.person("#d9a27e", "#a8763e", "#20402c"),
            (0.70, 0.12, 0.88, 0.50),
        ),
        "portrait, at the left": (
            _WIDE,
            "meadow",
            drawn.person("#8d5524", "#2b1a10", "#b8b8c8"),
            (0.12, 0.18, 0.30, 0.55),
        ),
        "portrait, below": (
            _TALL,
            "wall",
            drawn.person("#f1c9a5", "#b8a080", "#405060"),
            (0.34, 0.44, 0.66, 0.74),
        ),
        "profile picture": (
            _SQUARE,
            "room",
            drawn.person("#cf9b76", "#33241c", "#57306b"),
            (0.32, 0.10, 0.66, 0.52),
        ),
        "guest in a wide room": (
            _WIDE,
            "room",
            drawn.person("#b97a56", "#1a1a1a", "#2d5d4f"),
            (0.55, 0.20, 0.68, 0.46),
        ),
        "cat": (_WIDE, "room", drawn.cat("#b98d5e", "#5c4028"), (0.08, 0.18, 0.46, 0.82)),
        "cat, gray": (_TALL, "wall", drawn.cat("#8a8d92", "#3d4045"), (0.24, 0.08, 0.80, 0.46)),
        "kitten in the grass": (_WIDE, "meadow", drawn.cat("#d8b48a", "#7a5632"), (0.66, 0.44, 0.88, 0.84)),
        "robin": (_WIDE, "meadow", drawn.bird("#a5522d", "#5b4634"), (0.14, 0.36, 0.42, 0.80)),
        "blue tit": (_TALL, "wall", drawn.bird("#d8c84a", "#3f6fae"), (0.30, 0.56, 0.74, 0.86)),
        "bird at night": (_WIDE, "lights", drawn.bird("#d0d4da", "#70757f"), (0.60, 0.22, 0.84, 0.60)),
        "bottle": (_TALL, "wall", drawn.bottle("#2f5d3a", "#efe6cf"), (0.38, 0.14, 0.62, 0.88)),
        "bottle at the right": (_WIDE, "room", drawn.bottle("#6d2f2f", "#f2f2f2"), (0.74, 0.16, 0.86, 0.92)),
        "perfume": (_SQUARE, "lights", drawn.bottle("#c9a0b8", "#ffffff"), (0.14, 0.20, 0.40, 0.80)),
        "watch": (_WIDE, "wall", drawn.watch("#4a3426", "#f4f4f0"), (0.16, 0.10, 0.38, 0.92)),
        "watch, below": (_TALL, "lights", drawn.watch("#20242c", "#dfe6ee"), (0.30, 0.46, 0.66, 0.92)),
        "plate": (_WIDE, "room", drawn.plate("#c0392b", "#58a23a", "#e3b23c"), (0.44, 0.24, 0.90, 0.92)),
        "plate from above": (
            _TALL,
            "wall",
            drawn.plate("#7a3b1e", "#d98032", "#3f7a36"),
            (0.14, 0.42, 0.86, 0.90),
        ),
        "small plate": (_WIDE, "meadow", drawn.plate("#8e2f4f", "#e0c060"), (0.10, 0.50, 0.34, 0.86)),
        "burger": (_WIDE, "lights", drawn.burger(), (0.54, 0.30, 0.86, 0.78)),
        "burger, tall": (_TALL, "room", drawn.burger(), (0.22, 0.16, 0.78, 0.50)),
    }
)


class Subject(NamedTuple):
    """An image, and the box of its subject as shares of width and height."""

    name: str
    image: Image.Image
    box: Box


@cache
def subjects() -> tuple[Subject, ...]:
    """Return all of them, always the same."""
    return tuple(_read_photographs()) + tuple(_draw_scenes())


def _read_photographs() -> Iterator[Subject]:
    for name, box in _PHOTOGRAPHS.items():
        with Image.open(_FOLDER / f"{name}.jpg") as image:
            yield Subject(name, image.convert("RGB"), box)


def _draw_scenes() -> Iterator[Subject]:
    for seed, (name, (size, background, subject, box)) in enumerate(_SCENES.items()):
        yield Subject(name, drawn.draw_scene(size, background, subject, box, seed=seed), box)
