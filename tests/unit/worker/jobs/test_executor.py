"""The deadline of a job is the time that it works; one that only waits is put back. A deaf thread costs the process."""

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from common.errors import CorruptImageError, TimedOutError, TransientError
from common.recipes.recipe import Recipe
from services.worker.decoding.errors import translate_decode_errors
from services.worker.jobs import executor
from services.worker.jobs.executor import JobStalledError, Pipeline, PipelineExecutor
from services.worker.pipeline.pipeline import PipelineResult
from services.worker.pipeline_setup import build_pipeline
from services.worker.settings import WorkerSettings
from tests.support.images.drawings import photograph
from tests.support.presets import default_recipe

NOTHING = PipelineResult(outputs=())
SOURCE = Path("original")


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1, thread_name_prefix="develop") as made:
        yield made


@pytest.fixture
def stuck() -> list[bool]:
    return []


@pytest.fixture(autouse=True)
def _short_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "_CANCEL_SECONDS", 0.2)
    monkeypatch.setattr(executor, "_TICK_SECONDS", 0.02)


def developer(
    pipeline: Pipeline,
    threads: ThreadPoolExecutor,
    stuck: list[bool],
    *,
    timeout_seconds: float = 0.1,
    stall_seconds: float = 20.0,
    **options: Any,
) -> PipelineExecutor:
    return PipelineExecutor(
        pipeline,
        threads,
        timeout_seconds=timeout_seconds,
        stall_seconds=stall_seconds,
        on_stuck=lambda: stuck.append(True),
        **options,
    )


def work_until(done: Callable[[], bool]) -> None:
    """Use the processor until then, in bits that leave the interpreter to other threads."""
    while not done():
        sum(range(1000))


async def test_what_the_pipeline_makes_comes_back(threads: ThreadPoolExecutor, stuck: list[bool]) -> None:
    asked: list[tuple[Path, Recipe, bool, str]] = []

    def pipeline(source: Path, recipe: Recipe, cancelled: Callable[[], bool]) -> PipelineResult:
        asked.append((source, recipe, cancelled(), threading.current_thread().name))
        return NOTHING

    recipe = default_recipe()
    assert await developer(pipeline, threads, stuck).develop(SOURCE, recipe) is NOTHING
    ((source, given, cancelled, thread),) = asked
    assert (source, given, cancelled) == (SOURCE, recipe, False)
    assert thread.startswith("develop"), "in a thread of its own pool, never the loop's default one"
    assert not stuck


async def test_what_the_pipeline_raises_comes_through(threads: ThreadPoolExecutor, stuck: list[bool]) -> None:
    def pipeline(*_: object) -> PipelineResult:
        raise CorruptImageError("damaged")

    with pytest.raises(CorruptImageError):
        await developer(pipeline, threads, stuck).develop(SOURCE, default_recipe())
    assert not stuck


async def test_a_pipeline_that_notices_is_given_up_and_the_process_goes_on(
    threads: ThreadPoolExecutor, stuck: list[bool]
) -> None:
    ended = threading.Event()

    def pipeline(_: Path, __: Recipe, cancelled: Callable[[], bool]) -> PipelineResult:
        work_until(cancelled)
        ended.set()
        raise TimedOutError("noticed")

    with pytest.raises(TimedOutError, match=r"more than 0\.1 s of processor time"):
        await developer(pipeline, threads, stuck).develop(SOURCE, default_recipe())
    assert ended.is_set()
    assert not stuck


async def test_a_pipeline_that_finishes_at_the_last_moment_is_too_late(
    threads: ThreadPoolExecutor, stuck: list[bool]
) -> None:
    def pipeline(_: Path, __: Recipe, cancelled: Callable[[], bool]) -> PipelineResult:
        work_until(cancelled)
        return NOTHING

    with pytest.raises(TimedOutError):
        await developer(pipeline, threads, stuck).develop(SOURCE, default_recipe())
    assert not stuck


async def test_a_pipeline_that_never_returns_costs_the_process(
    threads: ThreadPoolExecutor, stuck: list[bool]
) -> None:
    let_go = threading.Event()

    def pipeline(*_: object) -> PipelineResult:
        work_until(let_go.is_set)
        raise CorruptImageError("nobody wants to know any more")

    try:
        async with asyncio.timeout(5):
            with pytest.raises(TimedOutError):
                await developer(pipeline, threads, stuck).develop(SOURCE, default_recipe())
        assert stuck == [True]
    finally:
        let_go.set()
    await asyncio.sleep(0.05)  # what it raises late must not surface as a warning


async def test_waiting_is_not_charged_to_the_image(threads: ThreadPoolExecutor, stuck: list[bool]) -> None:
    """A disk that stalls for longer than the deadline: the image is developed once it answers."""

    def pipeline(source: Path, *_: object) -> PipelineResult:
        time.sleep(0.5)
        return NOTHING

    assert await developer(pipeline, threads, stuck).develop(SOURCE, default_recipe()) is NOTHING
    assert not stuck


async def test_a_real_image_whose_file_comes_late_is_developed(
    threads: ThreadPoolExecutor, stuck: list[bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "original"
    source.write_bytes(photograph(64, 48))
    opened = Path.open

    def slow(self: Path, *arguments: Any, **options: Any) -> Any:
        time.sleep(1.5)
        return opened(self, *arguments, **options)

    pipeline = build_pipeline(WorkerSettings())
    pipeline(
        source, default_recipe(), lambda: False
    )  # what is loaded on the first use is not the image's time
    monkeypatch.setattr(Path, "open", slow)
    made = await developer(pipeline, threads, stuck, timeout_seconds=1.0).develop(source, default_recipe())
    assert made.outputs


async def test_a_job_that_waits_for_too_long_is_to_be_tried_again(
    threads: ThreadPoolExecutor, stuck: list[bool]
) -> None:
    def pipeline(_: Path, __: Recipe, cancelled: Callable[[], bool]) -> PipelineResult:
        while not cancelled():
            time.sleep(0.005)
        raise TimedOutError("noticed")

    with pytest.raises(JobStalledError, match=r"waited for more than 0\.3 s") as raised:
        await developer(pipeline, threads, stuck, stall_seconds=0.3).develop(SOURCE, default_recipe())
    assert isinstance(raised.value, TransientError)
    assert not stuck


async def test_a_thread_that_waits_for_ever_is_put_back_and_costs_the_process(
    threads: ThreadPoolExecutor, stuck: list[bool]
) -> None:
    let_go = threading.Event()

    def pipeline(*_: object) -> PipelineResult:
        let_go.wait(30)
        return NOTHING

    try:
        with pytest.raises(JobStalledError):
            await developer(pipeline, threads, stuck, stall_seconds=0.2).develop(SOURCE, default_recipe())
        assert stuck == [True]
    finally:
        let_go.set()


async def test_the_time_in_which_the_process_was_stopped_does_not_count(
    threads: ThreadPoolExecutor, stuck: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After SIGCONT the clock has gone on: a minute lies between two ticks."""
    leaps = iter([0.0, 0.0, 75.0])
    gone = 0.0
    real = time.monotonic

    def leaping() -> float:
        nonlocal gone
        gone += next(leaps, 0.0)
        return real() + gone

    monkeypatch.setattr(time, "monotonic", leaping)

    def pipeline(*_: object) -> PipelineResult:
        time.sleep(0.3)
        return NOTHING

    assert (
        await developer(pipeline, threads, stuck, stall_seconds=5.0).develop(SOURCE, default_recipe())
        is NOTHING
    )
    assert gone == 75.0
    assert not stuck


async def test_the_time_of_a_child_is_the_time_of_its_image(
    threads: ThreadPoolExecutor, stuck: list[bool]
) -> None:
    began = time.monotonic()

    def pipeline(_: Path, __: Recipe, cancelled: Callable[[], bool]) -> PipelineResult:
        while not cancelled():
            time.sleep(0.005)
        return NOTHING

    with pytest.raises(TimedOutError):
        await developer(
            pipeline, threads, stuck, cpu_seconds=lambda thread: 100 + time.monotonic() - began
        ).develop(SOURCE, default_recipe())


async def test_a_failure_keeps_no_image_in_memory(threads: ThreadPoolExecutor, stuck: list[bool]) -> None:
    """Not even until the next collection of garbage: images are large, and that is far away."""
    held: list[weakref.ref[Image.Image]] = []

    def pipeline(*_: object) -> PipelineResult:
        image = Image.new("RGB", (8, 8))
        held.append(weakref.ref(image))
        with translate_decode_errors():
            image.getpixel((9, 9))
        return NOTHING

    gc.disable()
    try:
        for _ in range(3):
            with pytest.raises(CorruptImageError):
                await developer(pipeline, threads, stuck).develop(SOURCE, default_recipe())
        assert [image() for image in held] == [None] * 3
    finally:
        gc.enable()
