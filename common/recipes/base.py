"""Defines what all operations share: how they are tagged, and that their colors are colors."""

from typing import Final

import msgspec

from common.recipes.css_colors import parse_color

_COLORS: Final = ("background", "color")


class BaseOperation(msgspec.Struct, frozen=True, tag_field="op", tag=str.lower, forbid_unknown_fields=True):
    """An operation; its tag is its name in small letters."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if name in _COLORS and (value := getattr(self, name)) is not None:
                _check_color(name, value)


def _check_color(name: str, value: str) -> None:
    try:
        parse_color(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
