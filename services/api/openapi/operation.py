"""Defines what the OpenAPI document says of an operation; the route table holds one such value a route."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Json = dict[str, Any]

JSON: Final = "application/json"
IMAGE: Final = "image/*"
BINARY: Final[Json] = {"type": "string", "format": "binary"}


@dataclass(frozen=True)
class Answer:
    """A success: its description, and what its body holds.

    `content` is a struct, or several of which it is one, in JSON; a media type for bytes; None for no body.
    """

    description: str
    content: type | tuple[type, ...] | str | None = None
    headers: tuple[str, ...] = ()

    @property
    def structs(self) -> tuple[type, ...]:
        """The structs that the body may be."""
        if isinstance(self.content, tuple):
            return self.content
        return () if self.content is None or isinstance(self.content, str) else (self.content,)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter: its name, where it stands, and its JSON schema."""

    name: str
    place: str = "query"
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    required: bool = False


def reference(name: str) -> Json:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}
