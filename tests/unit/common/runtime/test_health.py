import asyncio
from collections.abc import Awaitable, Callable

import httpx
import msgspec
import pytest
from prometheus_client import CollectorRegistry

from common.runtime import health
from common.runtime.metrics import ConnectionMetrics, registry
from tests.support.ports import HOST, free_port, listens
from tests.support.waiting import eventually

Check = Callable[[], Awaitable[bool]]


async def passes() -> bool:
    return True


async def fails() -> bool:
    return False


async def raises() -> bool:
    raise OSError("no room")


@pytest.mark.parametrize(
    "checks, status, states",
    [
        ({}, 200, {}),
        ({"broker": passes, "store": passes}, 200, {"broker": "ok", "store": "ok"}),
        ({"broker": fails, "store": passes}, 503, {"broker": "failed", "store": "ok"}),
        ({"broker": passes, "store": raises}, 503, {"broker": "ok", "store": "failed"}),
    ],
)
async def test_ready_is_who_passes_every_check_and_the_answer_names_them(
    checks: dict[str, Check], status: int, states: dict[str, str]
) -> None:
    answer = await health.readiness(checks)

    assert answer.status_code == status
    body = msgspec.json.decode(bytes(answer.body))
    assert body == {"status": "ready" if status == 200 else "unready", "checks": states}
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_check_that_never_answers_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs() -> bool:
        await asyncio.Event().wait()
        return True

    real = asyncio.timeout
    monkeypatch.setattr(asyncio, "timeout", lambda _: real(0.05))

    assert (await health.readiness({"store": hangs})).status_code == 503


async def test_it_serves_health_readiness_and_metrics_while_the_context_lasts() -> None:
    port, made = free_port(), registry()
    ConnectionMetrics(made).watch("publish", lambda: True)
    async with health.serve(HOST, port, {"store": fails}, made):
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}", trust_env=False) as client:
            await eventually(lambda: listens(port), "it listens")
            answers = {path: await client.get(path) for path in ("/healthz", "/readyz", "/metrics", "/else")}

        statuses = {path: answer.status_code for path, answer in answers.items()}
        assert statuses == {"/healthz": 200, "/readyz": 503, "/metrics": 200, "/else": 404}
        assert 'darkroom_broker_connected{link="publish"} 1.0' in answers["/metrics"].text

    assert not listens(port)


async def test_port_0_turns_it_off() -> None:
    tasks = asyncio.all_tasks()
    async with health.serve(HOST, 0, {}, CollectorRegistry()):
        assert asyncio.all_tasks() == tasks
