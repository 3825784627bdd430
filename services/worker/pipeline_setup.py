"""Builds the pipeline as the settings have it: its limits, the operator's fonts and images, and the decoder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from common.errors import ConfigurationError
from common.inspection.limits import ImageLimits
from common.presets.preset_files import check_preset_files
from common.presets.presets import load_presets
from common.recipes.recipe import Recipe
from services.worker.decoding.assets import Assets
from services.worker.decoding.image_header import configure_pillow
from services.worker.imaging.fonts import load_font
from services.worker.jobs.executor import Pipeline
from services.worker.pipeline.pipeline import PipelineResult, develop
from services.worker.pipeline.source_decoder import SourceDecoder
from services.worker.sandbox.forkserver_client import FORKSERVER, ForkServer
from services.worker.sandbox.isolated_decoder import IsolatedDecoder
from services.worker.settings import WorkerSettings

log = structlog.get_logger(__name__)


def build_pipeline(settings: WorkerSettings, decoder: SourceDecoder | None = None) -> Pipeline:
    """Set Pillow up for this process; returns the real pipeline, which decodes with `decoder`, by default itself."""
    limits = ImageLimits.of(settings)
    configure_pillow(limits)
    assets = _assets(settings)

    def run_pipeline(source: Path, recipe: Recipe, cancelled: Callable[[], bool]) -> PipelineResult:
        return develop(source, recipe, limits=limits, assets=assets, cancelled=cancelled, decoder=decoder)

    return run_pipeline


@contextmanager
def open_decoder(settings: WorkerSettings, forkserver: str = FORKSERVER) -> Iterator[IsolatedDecoder]:
    """Start a decoder; its processes end with the context. Raises ConfigurationError.

    Call it in the main thread: the kernel ends the fork server with the thread that started it.
    """
    limits = ImageLimits.of(settings)
    decoder = IsolatedDecoder(
        ForkServer(limits, settings.worker_memory_bytes, module=forkserver),
        limits,
        cpu_seconds=settings.job_timeout_seconds,
        images_per_process=settings.images_per_decoder,
    )
    try:
        confinement = decoder.start()
        log.info("decoder.ready", landlock_version=confinement.landlock, seccomp=confinement.seccomp)
        if not (confinement.landlock and confinement.seccomp):
            log.warning(
                "decoder.less_confined", reason="this kernel or architecture lacks Landlock or seccomp"
            )
        yield decoder
    finally:
        decoder.close()


def _assets(settings: WorkerSettings) -> Assets:
    """Raise ConfigurationError where a file that the settings or the presets name cannot be used."""
    check_preset_files(
        load_presets(_path(settings.presets_file)),
        fonts_folder=settings.fonts_folder,
        watermarks_folder=settings.watermarks_folder,
        all_visible=True,
    )
    return Assets(
        font=load_font(_path(settings.watermark_font)),
        fonts_folder=_folder("FONTS_FOLDER", settings.fonts_folder),
        watermarks_folder=_folder("WATERMARKS_FOLDER", settings.watermarks_folder),
    )


def _path(name: str) -> Path | None:
    return Path(name) if name else None


def _folder(variable: str, name: str) -> Path | None:
    path = _path(name)
    if path is not None and not path.is_dir():
        raise ConfigurationError(f"{variable} {path.name} is no folder")
    return path
