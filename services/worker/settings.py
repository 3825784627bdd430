"""Defines the worker's settings."""

from typing import Annotated

from msgspec import Meta

from common.broker.topology import RETRY_DELAYS
from common.runtime.settings import (
    MAX_FRAMES,
    MAX_PIXELS,
    MAX_TOTAL_PIXELS,
    STORE_ROOT,
    CommonSettings,
    Count,
    FontsFolder,
    MaxFrames,
    MaxPixels,
    MaxTotalPixels,
    PresetsFile,
    RetryDelays,
    Seconds,
    StoreRoot,
    StoreUrl,
    WatermarksFolder,
)


class WorkerSettings(CommonSettings, frozen=True, kw_only=True):
    """Reads each field from the environment variable of the same name in upper case."""

    store_url: StoreUrl = ""
    store_root: StoreRoot = STORE_ROOT
    worker_concurrency: Annotated[
        int, Meta(ge=1, le=64, description="Jobs at once in one process: raises prefetch and threads.")
    ] = 1
    worker_memory_bytes: Annotated[
        int,
        Meta(
            ge=0,
            description="Address space of the worker, and of each decoder process; beyond, the image fails with "
            "`out_of_memory`. 0: no limit.",
        ),
    ] = 2 * 1024**3
    job_timeout_seconds: Annotated[
        Seconds,
        Meta(
            description="Processor time that an image may take; beyond, it fails with `timed_out`. "
            "Waiting for a disk does not count."
        ),
    ] = 60.0
    job_stall_seconds: Annotated[
        Seconds,
        Meta(
            description="How long a job may wait beside that, for its file, a lock or the processor; beyond, it is "
            "tried again, and after the last try the image fails with `job_stalled`."
        ),
    ] = 180.0
    decode_in_child: Annotated[
        bool,
        Meta(
            description="Decode in a process of its own, which reaches neither network nor files. "
            "Without it, an image that crashes its decoder ends the worker."
        ),
    ] = True
    images_per_decoder: Annotated[
        Count, Meta(description="Images that a decoder process decodes before it is replaced by a fresh one.")
    ] = 100
    retry_delays_seconds: RetryDelays = RETRY_DELAYS
    max_pixels: MaxPixels = MAX_PIXELS
    max_frames: MaxFrames = MAX_FRAMES
    max_total_pixels: MaxTotalPixels = MAX_TOTAL_PIXELS
    watermark_font: Annotated[
        str,
        Meta(
            description="A TrueType file for watermarks that name no `font`. Without it, Pillow's own font."
        ),
    ] = ""
    fonts_folder: FontsFolder = ""
    watermarks_folder: WatermarksFolder = ""
    presets_file: PresetsFile = ""
