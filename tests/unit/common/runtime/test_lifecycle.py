import asyncio
import os
import signal
from collections.abc import Awaitable, Callable

import pytest
import uvicorn

from common.errors import BrokerRefusedError, ConfigurationError, ConnectionStalledError
from common.runtime import lifecycle
from tests.support.ports import HOST, free_port, listens
from tests.support.waiting import eventually


def test_the_exit_code_is_what_main_returns() -> None:
    async def main(_: asyncio.Event) -> int:
        return 7

    assert lifecycle.run(main) == 7


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_asks_to_stop(number: signal.Signals) -> None:
    async def main(stop: asyncio.Event) -> int:
        os.kill(os.getpid(), number)
        async with asyncio.timeout(5):
            await stop.wait()
        return 0

    assert lifecycle.run(main) == 0


def test_the_second_signal_leaves_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    monkeypatch.setattr(lifecycle, "exit_now", left.append)

    async def main(stop: asyncio.Event) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        assert not left
        os.kill(os.getpid(), signal.SIGTERM)
        await eventually(lambda: left, "it leaves", within=5)
        return 0

    lifecycle.run(main)
    assert left == [128 + signal.SIGTERM]


def test_a_bad_setting_ends_with_its_message_alone(capsys: pytest.CaptureFixture[str]) -> None:
    async def main(_: asyncio.Event) -> int:
        raise ConfigurationError("API_PORT=x: expected a number")

    assert lifecycle.run(main) == 78
    assert capsys.readouterr().err == "darkroom: API_PORT=x: expected a number\n"


def test_a_bad_setting_found_in_a_task_group_is_a_bad_setting_still(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def refused() -> None:
        raise BrokerRefusedError("refused")

    async def main(_: asyncio.Event) -> int:
        async with asyncio.TaskGroup() as outer, asyncio.TaskGroup() as inner:
            outer.create_task(asyncio.sleep(60))
            inner.create_task(refused())
        return 0

    assert lifecycle.run(main) == 78
    assert capsys.readouterr().err == "darkroom: refused\n"


def test_a_connection_that_stalled_asks_to_be_started_again() -> None:
    async def main(_: asyncio.Event) -> int:
        raise ConnectionStalledError("no connection for 60 s")

    assert lifecycle.run(main) == 75


async def test_a_server_serves_until_it_is_stopped() -> None:
    async def app(_: object, __: object, send: Callable[[dict[str, object]], Awaitable[None]]) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    port, stop = free_port(), asyncio.Event()
    config = uvicorn.Config(app, host=HOST, port=port, log_config=None, lifespan="off")
    serving = asyncio.create_task(lifecycle.serve_until(stop, lifecycle.EmbeddedServer(config)))
    await eventually(lambda: listens(port), "it listens")

    stop.set()

    assert await serving == 0
    assert not listens(port)


def test_a_defect_is_not_hidden() -> None:
    async def main(_: asyncio.Event) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        lifecycle.run(main)


async def test_until_returns_what_the_work_does() -> None:
    async def work() -> str:
        return "done"

    assert await lifecycle.run_until(asyncio.Event(), work()) == "done"


async def test_until_cancels_the_work_when_it_is_stopped_first() -> None:
    stop, cancelled = asyncio.Event(), asyncio.Event()

    async def work() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return "never"

    waiting = asyncio.create_task(lifecycle.run_until(stop, work()))
    await asyncio.sleep(0)
    stop.set()

    assert await waiting is None
    assert cancelled.is_set()


async def test_until_passes_on_what_the_work_raises() -> None:
    async def work() -> None:
        raise ConfigurationError("no")

    with pytest.raises(ConfigurationError):
        await lifecycle.run_until(asyncio.Event(), work())
