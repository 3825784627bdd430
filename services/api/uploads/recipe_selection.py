"""Selects what is made of an upload: by a preset's name, by a recipe, or the default preset."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from common.presets.presets import DEFAULT, Presets
from common.recipes.recipe import Recipe
from common.validation_errors import explain_validation_error
from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem

FIELDS: Final = ("preset", "recipe")


@dataclass(frozen=True)
class RecipeLimits:
    """What a client's own recipe may ask for at most; the operator's presets are not asked."""

    outputs: int
    operations: int
    dimension: int


@dataclass(frozen=True)
class SelectedRecipe:
    """The recipe, and the name of the preset it comes from; None for a recipe of the client's own."""

    recipe: Recipe
    preset: str | None


class RecipeResolver:
    """Resolves a preset's name or a client's recipe, within what this server allows."""

    def __init__(self, presets: Presets, limits: RecipeLimits, *, own_recipes: bool) -> None:
        self.presets = presets
        self._choices = {name: SelectedRecipe(preset.recipe(), name) for name, preset in presets.items()}
        self._limits = limits
        self._own_recipes = own_recipes

    def selection(self) -> "RecipeSelection":
        """Return the selection of one upload, which names nothing yet."""
        return RecipeSelection(self)

    def preset(self, name: str) -> SelectedRecipe:
        """Return the preset of that name. Raises Problem 422 when there is none."""
        choice = self._choices.get(name)
        if choice is None:
            detail = f"there is no preset {name[:64]!r}; there are: {', '.join(self.presets)}"
            raise Problem(ProblemCode.UNKNOWN_PRESET, detail, field="preset", allowed=list(self.presets))
        return choice

    def recipe(self, text: str) -> SelectedRecipe:
        """Return the recipe in the JSON text. Raises Problem 422 with the path of what is wrong and what is allowed."""
        if not self._own_recipes:
            detail = f"this server takes presets only: {', '.join(self.presets)}"
            raise Problem(ProblemCode.RECIPES_OFF, detail, field="recipe", allowed=list(self.presets))
        try:
            document = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
            raise Problem(
                ProblemCode.INVALID_RECIPE, f"recipe is not JSON: {error}", field="recipe"
            ) from error
        try:
            recipe = msgspec.convert(document, Recipe)
        except msgspec.ValidationError as error:
            raise _wrong(*explain_validation_error(error, document, Recipe)) from error
        self._check(recipe)
        return SelectedRecipe(recipe, None)

    def _check(self, recipe: Recipe) -> None:
        if len(recipe.outputs) > self._limits.outputs:
            raise _wrong("outputs", f"at most {self._limits.outputs} outputs")
        for index, output in enumerate(recipe.outputs):
            if len(output.operations) > self._limits.operations:
                raise _wrong(f"outputs[{index}].operations", f"at most {self._limits.operations} operations")
            for path, value in _numbers(msgspec.to_builtins(output), f"outputs[{index}]"):
                if path.endswith((".width", ".height")) and value > self._limits.dimension:
                    raise _wrong(path, f"at most {self._limits.dimension} pixels a side")


class RecipeSelection:
    """Collects what one upload asks for, and refuses what is wrong as soon as it is read."""

    def __init__(self, recipes_resolver: RecipeResolver) -> None:
        self._resolver = recipes_resolver
        self._selected: SelectedRecipe | None = None

    def set_field(self, field: str, text: str) -> None:
        """Take one of FIELDS. Raises Problem 422."""
        if self._selected is not None:
            raise Problem(ProblemCode.INVALID_PARAMETER, "give one preset or one recipe, once", field=field)
        self._selected = self._resolver.preset(text) if field == "preset" else self._resolver.recipe(text)

    @property
    def choice(self) -> SelectedRecipe:
        """Return what was asked for; the default preset when that is nothing."""
        return self._selected or self._resolver.preset(DEFAULT)


def _numbers(value: Any, path: str) -> Iterator[tuple[str, float]]:
    """Yield every number in a recipe, with the path to it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _numbers(inner, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _numbers(inner, f"{path}[{index}]")
    elif isinstance(value, int | float):
        yield path, value


def _wrong(where: str, what: str) -> Problem:
    field = f"recipe.{where}" if where else "recipe"
    return Problem(ProblemCode.INVALID_RECIPE, f"{field}: {what}", field=field)
