"""Looks at the disk that share a trip to a thread."""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from common.store.disk.thread_pool import BatchingExecutor


@pytest.fixture
async def executor() -> AsyncIterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as made:
        yield made


async def test_everybody_gets_what_they_asked_for(executor: ThreadPoolExecutor) -> None:
    together = BatchingExecutor(executor)

    found = await asyncio.gather(*(together.run(lambda number=number: number * 2) for number in range(100)))  # type: ignore[misc]

    assert found == [number * 2 for number in range(100)]


async def test_what_is_asked_for_in_one_turn_shares_a_trip(executor: ThreadPoolExecutor) -> None:
    together, trips = BatchingExecutor(executor), 0
    submit = executor.submit

    def counting(*arguments: object) -> object:
        nonlocal trips
        trips += 1
        return submit(*arguments)  # type: ignore[arg-type]

    executor.submit = counting  # type: ignore[assignment,method-assign]
    await asyncio.gather(*(together.run(int) for _ in range(7)))

    assert trips == 1


async def test_a_trip_that_takes_long_holds_up_few(executor: ThreadPoolExecutor) -> None:
    together, go_on = BatchingExecutor(executor), threading.Event()
    slow = asyncio.create_task(together.run(go_on.wait))
    await asyncio.sleep(0.02)

    async with asyncio.timeout(5):
        await asyncio.gather(*(together.run(int) for _ in range(8)))
    assert not slow.done()

    waiting = [asyncio.create_task(together.run(int)) for _ in range(3)]
    await asyncio.sleep(0.02)
    assert not any(task.done() for task in waiting)
    go_on.set()
    async with asyncio.timeout(5):
        assert await asyncio.gather(slow, *waiting) == [True, 0, 0, 0]


async def test_an_error_is_raised_where_it_was_asked_for(executor: ThreadPoolExecutor) -> None:
    together = BatchingExecutor(executor)

    found = await asyncio.gather(
        together.run(int), together.run(lambda: 1 // 0), together.run(int), return_exceptions=True
    )

    assert (found[0], found[2]) == (0, 0)
    assert isinstance(found[1], ZeroDivisionError)


async def test_who_no_longer_waits_harms_nobody(executor: ThreadPoolExecutor) -> None:
    together = BatchingExecutor(executor)
    gone = asyncio.create_task(together.run(int))
    other = asyncio.create_task(together.run(int))
    await asyncio.sleep(0)
    gone.cancel()

    async with asyncio.timeout(5):
        assert await other == 0
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_without_threads_nobody_waits_for_ever(executor: ThreadPoolExecutor) -> None:
    together = BatchingExecutor(executor)
    executor.shutdown()

    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(together.run(int))
