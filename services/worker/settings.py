"""The worker's settings."""

from typing import Annotated

from msgspec import Meta

from common.runtime.settings import (
    Bytes,
    CommonSettings,
    Count,
    Seconds,
)

_Delay = Annotated[int, Meta(ge=1, le=86_400)]


class WorkerSettings(CommonSettings, frozen=True, kw_only=True):
    """Every field is an environment variable of the same name in upper case."""

    worker_concurrency: Annotated[int, Meta(ge=1, le=64)] = 1
    worker_memory_bytes: Annotated[int, Meta(ge=0)] = 2 * 1024**3
    job_timeout_seconds: Seconds = 60.0
    retry_delays_seconds: tuple[_Delay, ...] = (1, 5, 30, 120, 600)
    max_pixels: Count = 52_000_000
    max_frames: Count = 250
    max_total_pixels: Bytes = 250_000_000
    watermark_font: str = ""
    fonts_folder: str = ""
    watermarks_folder: str = ""
