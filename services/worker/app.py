"""Composes the worker: the only place that builds its connections, its store and its threads."""

import asyncio
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final

import structlog

from common.broker import Publisher, open_publisher, topology
from common.runtime.consumer_process import ConsumerProcess, Subscription
from common.runtime.metrics import ConnectionMetrics, registry
from common.store import Stores, select_store
from services.worker.jobs.dead_letters import DeadLetterHandler
from services.worker.jobs.executor import Pipeline, PipelineExecutor
from services.worker.jobs.job_clock import thread_cpu_seconds
from services.worker.jobs.job_handler import JobHandler
from services.worker.jobs.result_recorder import ResultRecorder
from services.worker.metrics import WorkerMetrics
from services.worker.pipeline_setup import build_pipeline, open_decoder
from services.worker.sandbox.forkserver_client import FORKSERVER
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
    metrics_registry, stuck = registry(), asyncio.Event()
    open_stores = select_store(settings.store_url, root=settings.store_root)
    async with AsyncExitStack() as stack:
        decoder = (
            stack.enter_context(open_decoder(settings, forkserver)) if settings.decode_in_child else None
        )
        pipeline = adapt(build_pipeline(settings, decoder))
        stores = await stack.enter_async_context(open_stores())
        publisher = await stack.enter_async_context(_open_publisher(settings, name, declared))
        connections = ConnectionMetrics(metrics_registry)
        connections.watch("publish", lambda: publisher.connected)
        developer = _developer(settings, pipeline, decoder, stuck)
        service = ConsumerProcess(
            name=name,
            settings=settings,
            topology=declared,
            subscriptions=_subscriptions(
                settings, stores, publisher, developer, metrics=WorkerMetrics(metrics_registry), name=name
            ),
            registry=metrics_registry,
            connections=connections,
            checks={"store": stores.images.ping, "publisher": publisher.is_ready},
            wait_open=publisher.wait_open,
            stuck=stuck,
        )
        return await service.run(stop)


def _open_publisher(
    settings: WorkerSettings, name: str, declared: topology.Topology
) -> AbstractAsyncContextManager[Publisher]:
    return open_publisher(
        settings.amqp_url,
        f"{name}-publish",
        declared=declared,
        timeout=settings.publish_timeout_seconds,
        monitored=False,  # the consuming connection's monitor watches the same topology
    )


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
