"""The deadline of a job: a thread that listens is given up politely, one that does not costs the process."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from common.errors import CorruptImageError, TimedOutError
from common.recipes.recipe import Recipe
from services.worker.decoding.errors import translate_decode_errors
from services.worker.jobs import executor
from services.worker.jobs.executor import Pipeline, PipelineExecutor
from services.worker.pipeline.pipeline import PipelineResult
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
def _short_last_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "_LAST_MOMENT_SECONDS", 0.2)


def developer(pipeline: Pipeline, threads: ThreadPoolExecutor, stuck: list[bool]) -> PipelineExecutor:
    return PipelineExecutor(pipeline, threads, timeout_seconds=0.1, on_stuck=lambda: stuck.append(True))


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
        while not cancelled():
            threading.Event().wait(0.005)
        ended.set()
        raise TimedOutError("noticed")

    with pytest.raises(TimedOutError, match=r"longer than 0\.1 s"):
        await developer(pipeline, threads, stuck).develop(SOURCE, default_recipe())
    assert ended.is_set()
    assert not stuck


async def test_a_pipeline_that_finishes_at_the_last_moment_is_too_late(
    threads: ThreadPoolExecutor, stuck: list[bool]
) -> None:
    def pipeline(_: Path, __: Recipe, cancelled: Callable[[], bool]) -> PipelineResult:
        while not cancelled():
            threading.Event().wait(0.005)
        return NOTHING

    with pytest.raises(TimedOutError):
        await developer(pipeline, threads, stuck).develop(SOURCE, default_recipe())
    assert not stuck


async def test_a_pipeline_that_never_returns_costs_the_process(
    threads: ThreadPoolExecutor, stuck: list[bool]
) -> None:
    let_go = threading.Event()

    def pipeline(*_: object) -> PipelineResult:
        let_go.wait(30)
        raise CorruptImageError("nobody wants to know any more")

    try:
        async with asyncio.timeout(5):
            with pytest.raises(TimedOutError):
                await developer(pipeline, threads, stuck).develop(SOURCE, default_recipe())
        assert stuck == [True]
    finally:
        let_go.set()
    await asyncio.sleep(0.05)  # what it raises late must not surface as a warning


async def test_a_failure_keeps_no_picture_in_memory(threads: ThreadPoolExecutor, stuck: list[bool]) -> None:
    """Not even until the next collection of garbage: pictures are large, and that is far away."""
    held: list[weakref.ref[Image.Image]] = []

    def pipeline(*_: object) -> PipelineResult:
        picture = Image.new("RGB", (8, 8))
        held.append(weakref.ref(picture))
        with translate_decode_errors():
            picture.getpixel((9, 9))
        return NOTHING

    gc.disable()
    try:
        for _ in range(3):
            with pytest.raises(CorruptImageError):
                await developer(pipeline, threads, stuck).develop(SOURCE, default_recipe())
        assert [picture() for picture in held] == [None] * 3
    finally:
        gc.enable()
