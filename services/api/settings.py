"""The API's settings."""

from typing import Annotated

from msgspec import Meta

from common.broker.topology import RETRY_DELAYS
from common.presets.presets import DEFAULT_WATERMARK
from common.recipes.recipe import MAX_OPERATIONS, MAX_OUTPUTS
from common.recipes.values import MAX_DIMENSION
from common.runtime.settings import (
    MAX_FRAMES,
    MAX_PIXELS,
    MAX_TOTAL_PIXELS,
    MAY_BE_EMPTY,
    STORE_ROOT,
    Bytes,
    Count,
    FontsFolder,
    MaxFrames,
    MaxPixels,
    MaxTotalPixels,
    Port,
    PresetsFile,
    RetryDelays,
    Seconds,
    StoreRoot,
    StoreUrl,
    WatermarksFolder,
)
from services.api.client_limit_settings import ClientLimitSettings

_Side = Annotated[int, Meta(ge=1, le=MAX_DIMENSION)]


class ApiSettings(ClientLimitSettings, frozen=True, kw_only=True):
    """Every field is an environment variable of the same name in upper case."""

    api_host: Annotated[str, Meta(description="The address on which the API listens.")] = "127.0.0.1"
    api_port: Annotated[Port, Meta(description="The port on which the API listens.")] = 8000
    store_url: StoreUrl = ""
    store_root: StoreRoot = STORE_ROOT
    max_upload_bytes: Annotated[
        Bytes,
        Meta(
            description="Bytes of one file; beyond, 413 `upload_too_large` as soon as they arrive, "
            "whatever Content-Length says."
        ),
    ] = 50 * 1024**2
    max_files_per_upload: Annotated[
        Count, Meta(description="Files of one request; beyond, 413 `too_many_files`.")
    ] = 20
    upload_idle_seconds: Annotated[
        Seconds, Meta(description="How long no byte of a body may arrive; beyond, 408 `upload_timeout`.")
    ] = 30.0
    upload_seconds: Annotated[
        Seconds, Meta(description="How long a body may take in all; beyond, 408 `upload_timeout`.")
    ] = 600.0
    min_upload_bytes_per_second: Annotated[
        int,
        Meta(
            ge=0,
            description="The average rate of a body after its first ten seconds; below, 408 `upload_timeout`. 0: any.",
        ),
    ] = 1024
    max_pixels: MaxPixels = MAX_PIXELS
    max_frames: MaxFrames = MAX_FRAMES
    max_total_pixels: MaxTotalPixels = MAX_TOTAL_PIXELS
    allow_recipes: Annotated[
        bool,
        Meta(
            description="Whether a client may send a recipe of its own; else presets only, and 422 `recipes_off`."
        ),
    ] = True
    presets_file: PresetsFile = ""
    fonts_folder: FontsFolder = ""
    watermarks_folder: WatermarksFolder = ""
    max_outputs: Annotated[
        int,
        Meta(ge=1, le=MAX_OUTPUTS, description="Outputs of a client's recipe; beyond, 422 `invalid_recipe`."),
    ] = MAX_OUTPUTS
    max_operations: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_OPERATIONS,
            description="Operations of one output of a client's recipe; beyond, 422 `invalid_recipe`.",
        ),
    ] = MAX_OPERATIONS
    max_output_dimension: Annotated[
        _Side,
        Meta(
            description="Pixels of a side that a client's recipe may ask for; beyond, 422 `invalid_recipe`."
        ),
    ] = MAX_DIMENSION
    api_keys_file: Annotated[
        str,
        Meta(
            description="A file of lines `NAME:SHA256`, read anew when it changes. Without one no key is asked for."
        ),
    ] = ""
    url_signing_secrets: Annotated[
        tuple[Annotated[str, Meta(min_length=16)], ...],
        Meta(
            description="Secrets for signed URLs, separated by commas; the first signs, all are accepted. "
            "Without one nothing is signed."
        ),
    ] = ()
    signed_url_max_seconds: Annotated[
        Seconds,
        Meta(
            description="How far ahead a signed URL may expire; beyond, 422 when it is asked for, and 403 "
            "`invalid_signature` when a backend signed it itself."
        ),
    ] = 604_800.0
    cors_origins: Annotated[
        tuple[str, ...],
        Meta(description="Origins whose pages may use the API from a browser, separated by commas."),
    ] = ()
    trusted_proxies: Annotated[
        str, Meta(description="Addresses whose `X-Forwarded-For` is believed, separated by commas.")
    ] = "127.0.0.1"
    max_backlog: Annotated[
        Count, Meta(description="Images accepted and not finished; beyond, 503 `backlog_full`.")
    ] = 100_000
    min_free_bytes: Annotated[
        int,
        Meta(ge=0, description="Free space of the store's disk below which uploads get 503 `disk_reserve`."),
    ] = 512 * 1024**2
    record_cache_bytes: Annotated[
        int,
        Meta(ge=0, description="Memory for the records of completed images, which are kept for a second."),
    ] = 32 * 1024**2
    idempotency_seconds: Annotated[
        Seconds, Meta(description="How long an `Idempotency-Key` is remembered.")
    ] = 86_400.0
    retention_days: Annotated[
        float, Meta(ge=0, le=36_500, description="Images older than this are deleted. 0 keeps them.")
    ] = 0.0
    maintenance_seconds: Annotated[
        Seconds,
        Meta(description="How often leftovers, expired keys and expired images are looked for."),
    ] = 60.0
    staged_seconds: Annotated[
        Seconds,
        Meta(description="How long an upload on the disk may make no progress before it is swept."),
    ] = 3_600.0
    requeue_seconds: Annotated[
        Seconds,
        Meta(
            description="An image that a worker took up this long ago, without a result, is published again "
            "when the broker holds no message for it."
        ),
    ] = 120.0
    retry_delays_seconds: RetryDelays = RETRY_DELAYS
    watermark_text: Annotated[
        str,
        Meta(
            max_length=200,
            description="The text in the place of `{watermark_text}` in presets, such as `default`. "
            "Set to nothing (`WATERMARK_TEXT=`), these watermarks are left out.",
            extra=MAY_BE_EMPTY,
        ),
    ] = DEFAULT_WATERMARK
