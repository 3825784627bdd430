"""Defines what an upload may be: its sizes, its times, and the recipes it may name."""

from dataclasses import dataclass

from common.inspection.limits import ImageLimits
from services.api.limits.upload_timeouts import UploadTimeouts
from services.api.uploads.recipe_selection import RecipeResolver


@dataclass(frozen=True, kw_only=True)
class UploadPolicy:
    """At most `max_files` files of `max_bytes` bytes each, with images within `image_limits`.

    `timeouts` are for the bodies of uploads, `request_timeouts` for those of a few bytes.
    """

    max_bytes: int
    max_files: int
    timeouts: UploadTimeouts
    request_timeouts: UploadTimeouts
    image_limits: ImageLimits
    recipes: RecipeResolver
