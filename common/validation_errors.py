"""Says what is wrong with a document that a type refuses: where, and what is allowed there.

msgspec's errors tell bounds and types, and the place, but not which words are allowed where one of several is.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from msgspec import inspect

_PLACE: Final = re.compile(r"^(?P<what>.*) - at `\$(?P<where>.*)`$", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[\.\.\.\]")


def explain_validation_error(error: msgspec.ValidationError, document: object, kind: Any) -> tuple[str, str]:
    """Return the place of the fault, such as `outputs[0].format` or "" for the whole document, and a sentence.

    `document` is what was to be made a `kind`, in plain lists and dicts.
    """
    told = str(error)
    match = _PLACE.match(told)
    if match is None:
        return "", told
    where, what = match["where"].removeprefix("."), match["what"]
    words = [str(word) for word in dict.fromkeys(_allowed(match["where"], document, kind))]
    if what.startswith("Invalid") and words:
        what = f"{what}; allowed: {', '.join(words)}"
    return where, what


def _allowed(where: str, document: object, kind: Any) -> Iterator[Any]:
    """Return the values that the types at this place allow."""
    types, value = list(_members([inspect.type_info(kind)])), document
    for name, index in (step.groups() for step in _STEP.finditer(where)):
        tags = [each.tag for each in types if isinstance(each, inspect.StructType) and name == each.tag_field]
        if name is not None and tags:
            yield from tags
            return
        types = list(_members(_inside(types, value, name)))
        value = _at(value, name, index)
    for each in types:
        if isinstance(each, inspect.LiteralType):
            yield from each.values


def _members(types: Iterable[inspect.Type]) -> Iterator[inspect.Type]:
    """Return the types themselves, instead of unions and annotations of them."""
    for each in types:
        if isinstance(each, inspect.UnionType):
            yield from _members(each.types)
        elif isinstance(each, inspect.Metadata):
            yield from _members([each.type])
        else:
            yield each


def _inside(types: Iterable[inspect.Type], value: object, name: str | None) -> Iterator[inspect.Type]:
    for each in types:
        if isinstance(each, inspect.StructType) and _fits(each, value):
            yield from (field.type for field in each.fields if field.encode_name == name)
        elif isinstance(each, inspect.VarTupleType | inspect.ListType):
            yield each.item_type
        elif isinstance(each, inspect.DictType):
            yield each.value_type


def _fits(kind: inspect.StructType, value: object) -> bool:
    """Return whether the type fits: of a tagged union only the struct of the value's own tag does."""
    if kind.tag_field is None or not isinstance(value, dict):
        return True
    return bool(value.get(kind.tag_field) == kind.tag)


def _at(value: Any, name: str | None, index: str | None) -> Any:
    if name is not None and isinstance(value, dict):
        return value.get(name)
    if index is not None and isinstance(value, list):
        return value[int(index)]
    return None
