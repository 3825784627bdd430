"""Finds the size and the line breaks in which a text is read best within a given room, in pixels."""

import math
import textwrap
from dataclasses import dataclass
from typing import Final, NamedTuple

from PIL import ImageFont

from services.worker.imaging.fonts import Font
from services.worker.imaging.geometry import Size

_READABLE: Final = 12.0  # the em square's height from which a text is read without effort
_SMALLEST: Final = 4.0  # below, letters are specks
_TRIAL: Final = 100.0  # the height at which proportions are measured
_MAX_LINES: Final = 4
_LEADING: Final = 1.15  # from baseline to baseline, in em
ANCHOR: Final = "ls"  # lines are placed by the left end of their baseline


class Line(NamedTuple):
    """Holds a line of text, and where its baseline begins."""

    text: str
    start: tuple[float, float]


@dataclass(frozen=True, slots=True)
class TextLayout:
    """Holds a text ready to be drawn, and the size of what it covers, outline included."""

    lines: tuple[Line, ...]
    font: ImageFont.FreeTypeFont
    outline: float
    size: Size


def layout_text(text: str, font: Font, *, width: float, room: Size) -> TextLayout | None:
    """Return the text `width` wide, or larger where it is not readable, within the room; None if there is no room.

    Lines are broken only where that makes an unreadable text larger.
    """
    best, height = "", 0.0
    for candidate in _break_lines(text):
        reached = _find_em(candidate, font, width, room)
        if reached > height:
            best, height = candidate, reached
        if height >= _READABLE:
            break
    return _set_lines(best, font, height) if height >= _SMALLEST else None


def _break_lines(text: str) -> list[str]:
    """Return the text in one line, in two, and so on, the lines of about one length."""
    words = " ".join(text.split())
    broken: dict[str, None] = {}
    for lines in range(1, _MAX_LINES + 1):
        columns = math.ceil(len(words) / lines)
        while len(wrapped := textwrap.wrap(words, columns, break_long_words=False)) > lines:
            columns += 1
        broken["\n".join(wrapped)] = None
    return list(broken)


def _find_em(text: str, font: Font, width: float, room: Size) -> float:
    """Return the em square's height at which the text is `width` wide, or readable, or as large as the room allows."""
    trial = _set_lines(text, font, _TRIAL)
    wanted = max(width / trial.size[0] * _TRIAL, _READABLE)
    return max(0.0, min(wanted, room[0] / trial.size[0] * _TRIAL, room[1] / trial.size[1] * _TRIAL))


def _set_lines(text: str, font: Font, em: float) -> TextLayout:
    """Center the lines under each other, placed one by one: Pillow's own line spacing changes with the outline."""
    face, outline = font.at(em), max(1.0, em / 14)
    lines = text.split("\n")
    starts = [(-face.getlength(line) / 2, em * _LEADING * number) for number, line in enumerate(lines)]
    boxes = [
        (x + box[0], y + box[1], x + box[2], y + box[3])
        for (x, y), box in zip(starts, (_measure_ink(face, line, outline) for line in lines), strict=True)
    ]
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    size = (math.ceil(max(box[2] for box in boxes) - left), math.ceil(max(box[3] for box in boxes) - top))
    placed = tuple(Line(line, (x - left, y - top)) for line, (x, y) in zip(lines, starts, strict=True))
    return TextLayout(placed, face, outline, (max(1, size[0]), max(1, size[1])))


def _measure_ink(
    face: ImageFont.FreeTypeFont, line: str, outline: float
) -> tuple[float, float, float, float]:
    """Return what a line covers around the left end of its baseline."""
    return face.getbbox(line, stroke_width=outline, anchor=ANCHOR)
