"""Describes a service's settings from the fields of its struct: for `--help`, the manual and docker/settings.env."""

from dataclasses import dataclass
from typing import Any

from msgspec import inspect

from common.runtime.settings import CommonSettings


@dataclass(frozen=True)
class SettingReference:
    """One setting in words; `default` is empty where there is none."""

    variable: str
    default: str
    allowed: str
    meaning: str


def describe_settings(kind: type[CommonSettings]) -> tuple[SettingReference, ...]:
    """Return every setting of a struct, in the order of its fields.

    Raises ValueError for a field without a meaning (`Meta(description=...)`).
    """
    (info,) = inspect.multi_type_info([kind])
    if not isinstance(info, inspect.StructType):
        raise TypeError(f"{kind.__name__} is no struct")
    return tuple(_describe(field) for field in info.fields)


def help_text(service: str, kind: type[CommonSettings]) -> str:
    """Return what `python -m services.SERVICE --help` prints."""
    head = (
        f"usage: python -m services.{service} [--help | --version]\n\nSettings are environment variables:\n"
    )
    return head + "".join(
        f"\n  {each.variable}={each.default}\n      {each.meaning}\n      Allowed: {each.allowed}.\n"
        for each in describe_settings(kind)
    )


def _describe(field: inspect.Field) -> SettingReference:
    variable = field.name.upper()
    schema = field.type.extra_json_schema if isinstance(field.type, inspect.Metadata) else None
    meaning = (schema or {}).get("description")
    if not meaning:
        raise ValueError(f"{variable} has no meaning: give its field a Meta(description=...)")
    return SettingReference(variable, _text(field.default), _allowed(field.type), meaning)


def _text(value: Any) -> str:
    """Return a value as one would write it in the environment."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(_text(each) for each in value)
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def _allowed(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.Metadata):
        return _allowed(kind.type)
    if isinstance(kind, inspect.BoolType):
        return "true or false"
    if isinstance(kind, inspect.LiteralType):
        return ", ".join(str(each) for each in kind.values)
    if isinstance(kind, inspect.VarTupleType):
        return f"list separated by commas, each: {_allowed(kind.item_type)}"
    if isinstance(kind, inspect.StrType):
        return _allowed_text(kind)
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        return _allowed_number(kind)
    raise TypeError(f"settings of the type {kind} are not described")


def _allowed_text(kind: inspect.StrType) -> str:
    if kind.min_length is not None:
        return f"text of at least {kind.min_length} characters"
    return f"text of at most {kind.max_length} characters" if kind.max_length is not None else "text"


def _allowed_number(kind: inspect.IntType | inspect.FloatType) -> str:
    number = "whole number" if isinstance(kind, inspect.IntType) else "number"
    return ", ".join(filter(None, (number, _bounds(kind))))


def _bounds(kind: inspect.IntType | inspect.FloatType) -> str:
    if kind.ge is not None and kind.le is not None:
        return f"{_text(kind.ge)} to {_text(kind.le)}"
    if kind.ge is not None:
        return f"{_text(kind.ge)} or more"
    bounds = (("above", kind.gt), ("up to", kind.le), ("below", kind.lt))
    return ", ".join(f"{word} {_text(bound)}" for word, bound in bounds if bound is not None)
