"""Reads the files that the operator names: API keys and presets."""

from dataclasses import dataclass
from pathlib import Path

from common.presets.preset_files import check_preset_files
from common.presets.presets import load_presets
from services.api.auth.api_keys import ApiKeyFile
from services.api.settings import ApiSettings
from services.api.uploads.recipe_selection import RecipeLimits, RecipeResolver


@dataclass(frozen=True)
class OperatorFiles:
    """What they hold; `api_keys` is None where no file of keys is set."""

    api_keys: ApiKeyFile | None
    recipes: RecipeResolver


def read_operator_files(settings: ApiSettings) -> OperatorFiles:
    """Read them before anything is started that would have to be ended again. Raises ConfigurationError."""
    api_keys = ApiKeyFile(Path(settings.api_keys_file)) if settings.api_keys_file else None
    return OperatorFiles(api_keys, _recipe_resolver(settings))


def _recipe_resolver(settings: ApiSettings) -> RecipeResolver:
    presets = load_presets(
        Path(settings.presets_file) if settings.presets_file else None,
        watermark_text=settings.watermark_text,
    )
    check_preset_files(
        presets,
        fonts_folder=settings.fonts_folder,
        watermarks_folder=settings.watermarks_folder,
        all_visible=False,
    )
    limits = RecipeLimits(settings.max_outputs, settings.max_operations, settings.max_output_dimension)
    return RecipeResolver(presets, limits, own_recipes=settings.allow_recipes)
