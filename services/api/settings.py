"""The API's settings."""

from typing import Annotated

from msgspec import Meta

from common.recipes.recipe import MAX_OPERATIONS, MAX_OUTPUTS, Format
from common.recipes.values import MAX_DIMENSION
from common.runtime.settings import (
    Bytes,
    CommonSettings,
    Count,
    Port,
    Seconds,
)

_Side = Annotated[int, Meta(ge=1, le=MAX_DIMENSION)]


class ApiSettings(CommonSettings, frozen=True, kw_only=True):
    """Every field is an environment variable of the same name in upper case."""

    api_host: str = "127.0.0.1"
    api_port: Port = 8000
    max_upload_bytes: Bytes = 50 * 1024**2
    max_files_per_upload: Count = 20
    upload_idle_seconds: Seconds = 30.0
    upload_seconds: Seconds = 600.0
    min_upload_bytes_per_second: Annotated[int, Meta(ge=0)] = 1024
    max_concurrent_uploads: Count = 1000
    rate_limit_per_minute: Annotated[float, Meta(ge=0, le=10_000_000)] = 6000.0
    rate_limit_burst: Count = 1000
    max_pixels: Count = 52_000_000
    max_frames: Count = 250
    max_total_pixels: Bytes = 250_000_000
    allow_recipes: bool = True
    presets_file: str = ""
    max_outputs: Annotated[int, Meta(ge=1, le=MAX_OUTPUTS)] = MAX_OUTPUTS
    max_operations: Annotated[int, Meta(ge=1, le=MAX_OPERATIONS)] = MAX_OPERATIONS
    max_output_dimension: _Side = MAX_DIMENSION
    api_keys_file: str = ""
    url_signing_secrets: tuple[Annotated[str, Meta(min_length=16)], ...] = ()
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: str = "127.0.0.1"
    max_backlog: Count = 100_000
    min_free_bytes: Annotated[int, Meta(ge=0)] = 512 * 1024**2
    idempotency_seconds: Seconds = 86_400.0
    retention_days: Annotated[float, Meta(ge=0, le=36_500)] = 0.0
    upkeep_seconds: Seconds = 60.0
    staged_seconds: Seconds = 3_600.0
    requeue_seconds: Seconds = 3_600.0
    watermark_text: Annotated[str, Meta(max_length=200)] = "SAMPLE WATERMARK"
    large_pixels: _Side = 800
    large_format: Format = "jpeg"
    thumbnail_pixels: _Side = 200
    thumbnail_format: Format = "webp"
