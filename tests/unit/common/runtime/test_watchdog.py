import asyncio
from collections.abc import Awaitable, Callable

import pytest

from common.errors import ConnectionStalledError
from common.runtime import watchdog
from common.runtime.watchdog import watch


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "_INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(watchdog, "_RECONNECT_GRACE_SECONDS", 0.01)


def always(answer: bool) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        return answer

    return ask


async def goes_on(watching: Awaitable[None]) -> None:
    """Fails when the watchdog ends within a time in which it looks many times."""
    task = asyncio.ensure_future(watching)
    done, _ = await asyncio.wait([task], timeout=0.3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not done


async def test_an_open_connection_is_left_alone() -> None:
    await goes_on(watch(always(True), always(True), grace_seconds=0.05))


async def test_a_broker_that_is_away_is_waited_for() -> None:
    await goes_on(watch(always(False), always(False), grace_seconds=0.05))


async def test_a_dead_connection_to_a_broker_that_accepts_others_ends_the_process() -> None:
    async with asyncio.timeout(5):
        with pytest.raises(ConnectionStalledError, match="a broker that accepts new ones"):
            await watch(always(False), always(True), grace_seconds=0.05)


async def test_a_short_loss_is_forgiven() -> None:
    answers = iter([False, True] * 10_000)

    async def flickers() -> bool:
        return next(answers)

    await goes_on(watch(flickers, always(True), grace_seconds=0.05))


async def test_a_connection_that_comes_back_with_the_broker_is_given_time() -> None:
    back = asyncio.Event()

    async def alive() -> bool:
        return back.is_set()

    async def answers() -> bool:
        back.set()
        return True

    await goes_on(watch(alive, answers, grace_seconds=0.05))
