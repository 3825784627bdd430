"""What all operations share: how they are tagged, and that their colours are colours."""

from typing import Final

import msgspec

from common.colours import parse_colour

_COLOURS: Final = ("background", "color")


class BaseOperation(msgspec.Struct, frozen=True, tag_field="op", tag=str.lower, forbid_unknown_fields=True):
    """An operation; its tag is its name in small letters."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if name in _COLOURS and (value := getattr(self, name)) is not None:
                _check_colour(name, value)


def _check_colour(name: str, value: str) -> None:
    try:
        parse_colour(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
