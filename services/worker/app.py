"""The worker's composition root: the only place that builds its connections, its store and its threads."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Final

import structlog

from common.broker import Publisher, open_publisher, topology
from common.errors import ConfigurationError
from common.inspection.limits import ImageLimits
from common.recipes.preset_files import check_preset_files
from common.recipes.presets import load_presets
from common.recipes.recipe import Recipe
from common.runtime.consumer_process import ConsumerProcess, Subscription
from common.runtime.metrics import ConnectionMetrics, registry
from common.store import Stores, select_store
from services.worker.decoding.assets import Assets
from services.worker.decoding.image_header import configure_pillow
from services.worker.imaging.fonts import load_font
from services.worker.jobs.dead_letters import DeadLetterHandler
from services.worker.jobs.executor import Pipeline, PipelineExecutor
from services.worker.jobs.job_clock import thread_cpu_seconds
from services.worker.jobs.job_handler import JobHandler
from services.worker.jobs.result_recorder import ResultRecorder
from services.worker.metrics import WorkerMetrics
from services.worker.pipeline.pipeline import PipelineResult, develop
from services.worker.pipeline.source_decoder import SourceDecoder
from services.worker.sandbox.forkserver_client import FORKSERVER, ForkServer
from services.worker.sandbox.isolated_decoder import IsolatedDecoder
from services.worker.settings import WorkerSettings

log = structlog.get_logger(__name__)

# A dead letter is requeued only while the broker confirms nothing: an hour or so of that, until the store's list of
# unfinished images has it published again.
_DEAD_LETTER_REQUEUES: Final = 600


Adapt = Callable[[Pipeline], Pipeline]


async def run(
    settings: WorkerSettings,
    stop: asyncio.Event,
    *,
    adapt: Adapt = lambda pipeline: pipeline,
    forkserver: str = FORKSERVER,
) -> int:
    """Work until `stop` is set or the process cannot go on; returns the exit code. Tests adapt both processes."""
    name = f"worker-{socket.gethostname()}-{os.getpid()}"
    declared = topology.jobs(settings.retry_delays_seconds)
    made, stuck = registry(), asyncio.Event()
    open_stores = select_store(settings.store_url, root=settings.store_root)
    async with AsyncExitStack() as stack:
        decoder = (
            stack.enter_context(open_decoder(settings, forkserver)) if settings.decode_in_child else None
        )
        pipeline = adapt(build_pipeline(settings, decoder))
        stores = await stack.enter_async_context(open_stores())
        publisher = await stack.enter_async_context(
            open_publisher(
                settings.amqp_url,
                f"{name}-publish",
                declared=declared,
                timeout=settings.publish_timeout_seconds,
                monitored=False,
            )
        )
        connections = ConnectionMetrics(made)
        connections.watch("publish", lambda: publisher.connected)
        developer = _developer(settings, pipeline, decoder, stuck)
        service = ConsumerProcess(
            name=name,
            settings=settings,
            topology=declared,
            subscriptions=_subscriptions(
                settings, stores, publisher, developer, metrics=WorkerMetrics(made), name=name
            ),
            registry=made,
            connections=connections,
            checks={"store": stores.images.ping, "publisher": publisher.is_ready},
            wait_open=publisher.wait_open,
            stuck=stuck,
        )
        return await service.run(stop)


def build_pipeline(settings: WorkerSettings, decoder: SourceDecoder | None = None) -> Pipeline:
    """Set Pillow up for this process; returns the real pipeline, which decodes with `decoder`, by default itself."""
    limits = _limits(settings)
    configure_pillow(limits)
    assets = _assets(settings)

    def run_pipeline(source: Path, recipe: Recipe, cancelled: Callable[[], bool]) -> PipelineResult:
        return develop(source, recipe, limits=limits, assets=assets, cancelled=cancelled, decoder=decoder)

    return run_pipeline


@contextmanager
def open_decoder(settings: WorkerSettings, forkserver: str = FORKSERVER) -> Iterator[IsolatedDecoder]:
    """A decoder whose processes have started, and end with the context. Raises ConfigurationError.

    To be opened in the main thread: the kernel ends the fork server with the thread that started it.
    """
    decoder = IsolatedDecoder(
        ForkServer(_limits(settings), settings.worker_memory_bytes, module=forkserver),
        _limits(settings),
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


def _limits(settings: WorkerSettings) -> ImageLimits:
    return ImageLimits(
        max_pixels=settings.max_pixels,
        max_frames=settings.max_frames,
        max_total_pixels=settings.max_total_pixels,
    )


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


def _developer(
    settings: WorkerSettings, pipeline: Pipeline, decoder: IsolatedDecoder | None, stuck: asyncio.Event
) -> PipelineExecutor:
    threads = ThreadPoolExecutor(settings.worker_concurrency, thread_name_prefix="develop")

    def cpu_seconds(thread: int) -> float:
        return thread_cpu_seconds(thread) + (decoder.cpu_seconds(thread) if decoder else 0.0)

    return PipelineExecutor(
        pipeline,
        threads,
        timeout_seconds=settings.job_timeout_seconds,
        stall_seconds=settings.job_stall_seconds,
        on_stuck=stuck.set,
        cpu_seconds=cpu_seconds,
    )


def _subscriptions(
    settings: WorkerSettings,
    stores: Stores,
    publisher: Publisher,
    developer: PipelineExecutor,
    *,
    metrics: WorkerMetrics,
    name: str,
) -> tuple[Subscription, ...]:
    store = stores.images
    recorder = ResultRecorder(store=store, events=stores.events, publisher=publisher, metrics=metrics)
    jobs = JobHandler(
        store=store,
        publisher=publisher,
        develop=developer.develop,
        recorder=recorder,
        metrics=metrics,
        worker=name,
        retry_delays=settings.retry_delays_seconds,
    )
    dead = DeadLetterHandler(store=store, publisher=publisher, recorder=recorder, metrics=metrics)
    return (
        Subscription(topology.JOBS, jobs, prefetch=settings.worker_concurrency),
        Subscription(topology.DEAD, dead, max_requeues=_DEAD_LETTER_REQUEUES),
    )
