"""The worker's composition root: the only place that builds its connections, its store and its threads."""

import asyncio
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path

from common.broker import Publisher, open_publisher, topology
from common.errors import ConfigurationError
from common.recipes.preset_files import check_preset_files
from common.recipes.presets import load_presets
from common.recipes.recipe import Recipe
from common.runtime.consumer_process import ConsumerProcess, Subscription
from common.runtime.metrics import ConnectionMetrics, registry
from common.store import Stores, select_store
from services.worker.decoding.assets import Assets
from services.worker.decoding.image_header import DecodeLimits, configure_pillow
from services.worker.imaging.fonts import load_font
from services.worker.jobs.dead_letters import DeadLetterHandler
from services.worker.jobs.executor import Pipeline, PipelineExecutor
from services.worker.jobs.job_handler import JobHandler
from services.worker.jobs.result_recorder import ResultRecorder
from services.worker.metrics import WorkerMetrics
from services.worker.pipeline.pipeline import PipelineResult, develop
from services.worker.settings import WorkerSettings


async def run(settings: WorkerSettings, stop: asyncio.Event, *, pipeline: Pipeline | None = None) -> int:
    """Work until `stop` is set or the process is past helping itself; returns the exit code."""
    developing = pipeline or build_pipeline(settings)
    name = f"worker-{socket.gethostname()}-{os.getpid()}"
    declares = topology.jobs(settings.retry_delays_seconds)
    made, stuck = registry(), asyncio.Event()
    open_stores = select_store(settings.store_url, root=settings.store_root)
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores())
        publisher = await stack.enter_async_context(
            open_publisher(
                settings.amqp_url,
                f"{name}-publish",
                declares=declares,
                timeout=settings.publish_timeout_seconds,
            )
        )
        connections = ConnectionMetrics(made)
        connections.watch("publish", lambda: publisher.connected)
        developer = _developer(settings, developing, stuck)
        service = ConsumerProcess(
            name=name,
            settings=settings,
            declares=declares,
            subscriptions=_subscriptions(
                settings, stores, publisher, developer, metrics=WorkerMetrics(made), name=name
            ),
            registry=made,
            connections=connections,
            checks={"store": stores.images.ping, "publisher": publisher.answers},
            ready=publisher.ready,
            stuck=stuck,
        )
        return await service.run(stop)


def build_pipeline(settings: WorkerSettings) -> Pipeline:
    """The real pipeline, with Pillow set up for this process."""
    limits = DecodeLimits(
        max_pixels=settings.max_pixels,
        max_frames=settings.max_frames,
        max_total_pixels=settings.max_total_pixels,
    )
    configure_pillow(limits)
    assets = _assets(settings)

    def run_pipeline(source: Path, recipe: Recipe, cancelled: Callable[[], bool]) -> PipelineResult:
        return develop(source, recipe, limits=limits, assets=assets, cancelled=cancelled)

    return run_pipeline


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


def _developer(settings: WorkerSettings, pipeline: Pipeline, stuck: asyncio.Event) -> PipelineExecutor:
    threads = ThreadPoolExecutor(settings.worker_concurrency, thread_name_prefix="develop")
    return PipelineExecutor(
        pipeline, threads, timeout_seconds=settings.job_timeout_seconds, on_stuck=stuck.set
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
        Subscription(topology.DEAD, dead),
    )
