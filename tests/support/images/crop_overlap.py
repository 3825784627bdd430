"""Measures how much of its subject a crop keeps, for Darkroom's attention, libvips' and the crop of the center."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from statistics import mean
from types import MappingProxyType
from typing import Final

import pyvips
from PIL import Image

from services.worker.imaging.smart_crop import smart_crop_position
from tests.support.images.drawn_subjects import Box
from tests.support.images.subjects import Subject, subjects

Size = tuple[int, int]
Window = tuple[float, float]
FindPosition = Callable[[Image.Image, Size, Window], tuple[float, float]]

SHAPES: Final[tuple[Size, ...]] = ((256, 256), (400, 150), (150, 400), (300, 200), (200, 300))
_LEAST_CHOICE: Final = 0.1  # the share of a side that must go: else any position is as good as another


@cache
def measure_overlaps(find: FindPosition) -> tuple[tuple[str, Size, float], ...]:
    """Return for each subject and shape the share, 0 to 1, that the crop keeps of what such a crop can keep."""
    return tuple(_measure_overlaps(find))


def mean_overlap(find: FindPosition) -> float:
    """Return the mean of all overlaps."""
    return mean(overlap for _, _, overlap in measure_overlaps(find))


def _measure_overlaps(find: FindPosition) -> Iterator[tuple[str, Size, float]]:
    for subject in subjects():
        for shape in SHAPES:
            window = _fit_window(subject.image.size, shape)
            if _is_a_choice(subject.image.size, window):
                position = find(subject.image, shape, window)
                yield subject.name, shape, _measure_overlap(subject, window, position)


def _fit_window(size: Size, shape: Size) -> Window:
    """Return the part of an image of that size, in its pixels, that fills the shape."""
    scale = max(shape[0] / size[0], shape[1] / size[1])
    return min(size[0], shape[0] / scale), min(size[1], shape[1] / scale)


def _is_a_choice(size: Size, window: Window) -> bool:
    return any(1 - part / side > _LEAST_CHOICE for part, side in zip(window, size, strict=True))


def _measure_overlap(subject: Subject, window: Window, position: tuple[float, float]) -> float:
    width, height = subject.image.size
    left, top = (width - window[0]) * position[0], (height - window[1]) * position[1]
    box: Box = tuple(share * side for share, side in zip(subject.box, (width, height) * 2, strict=True))  # type: ignore[assignment]
    kept = max(0.0, min(box[2], left + window[0]) - max(box[0], left))
    kept *= max(0.0, min(box[3], top + window[1]) - max(box[1], top))
    return kept / (min(box[2] - box[0], window[0]) * min(box[3] - box[1], window[1]))


def _find_by_attention(image: Image.Image, _shape: Size, window: Window) -> tuple[float, float]:
    return smart_crop_position(image, (round(window[0]), round(window[1])), strategy="attention")


def _find_by_libvips(image: Image.Image, shape: Size, _window: Window) -> tuple[float, float]:
    """Return where libvips' smartcrop puts its window around the point that it finds."""
    source = pyvips.Image.new_from_memory(image.tobytes(), *image.size, 3, "uchar").copy(
        interpretation="srgb"
    )
    resized = source.resize(max(shape[0] / image.width, shape[1] / image.height))
    width, height = min(shape[0], resized.width), min(shape[1], resized.height)
    _, found = resized.smartcrop(width, height, interesting="attention", attention_x=True, attention_y=True)
    return (
        _place_window(found["attention_x"], width, resized.width),
        _place_window(found["attention_y"], height, resized.height),
    )


def _place_window(middle: int, length: int, side: int) -> float:
    spare = side - length
    return min(max(0, middle - length // 2), spare) / spare if spare else 0.5


def _find_center(_image: Image.Image, _shape: Size, _window: Window) -> tuple[float, float]:
    return 0.5, 0.5


METHODS: Final[Mapping[str, FindPosition]] = MappingProxyType(
    {"attention": _find_by_attention, "libvips": _find_by_libvips, "center": _find_center}
)
