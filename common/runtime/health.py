"""Serves HTTP for processes that have no other server: `/healthz`, `/readyz` and `/metrics`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from common.runtime.lifecycle import EmbeddedServer

Checks = dict[str, Callable[[], Awaitable[bool]]]
"""What must answer for the process to be ready, by name."""


async def readiness(checks: Checks) -> JSONResponse:
    """Answer 200 when every check succeeds, else 503; the body names each check and its state."""
    states = {name: await _passes(check) for name, check in checks.items()}
    ready = all(states.values())
    body = {"status": "ready" if ready else "unready"}
    body["checks"] = {name: "ok" if state else "failed" for name, state in states.items()}  # type: ignore[assignment]
    return JSONResponse(body, 200 if ready else 503, headers={"Cache-Control": "no-store"})


def alive() -> JSONResponse:
    """Answer 200: the process lives, since its event loop answers."""
    return JSONResponse({"status": "alive"}, headers={"Cache-Control": "no-store"})


def metrics(registry: CollectorRegistry) -> Response:
    """Answer with the registry in the text format of Prometheus."""
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


@asynccontextmanager
async def serve(host: str, port: int, checks: Checks, registry: CollectorRegistry) -> AsyncIterator[None]:
    """Answer on `host:port` for as long as the context lasts; port 0 turns it off."""
    if port == 0:
        yield
        return
    server = EmbeddedServer(
        uvicorn.Config(_app(checks, registry), host=host, port=port, log_config=None, access_log=False)
    )
    task = asyncio.create_task(server.serve(), name="health")
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.wait([task], timeout=2.0)


def _app(checks: Checks, registry: CollectorRegistry) -> Starlette:
    async def healthz(_: Request) -> Response:
        return alive()

    async def readyz(_: Request) -> Response:
        return await readiness(checks)

    async def show_metrics(_: Request) -> Response:
        return metrics(registry)

    routes = {"/healthz": healthz, "/readyz": readyz, "/metrics": show_metrics}
    return Starlette(routes=[Route(path, endpoint) for path, endpoint in routes.items()])


async def _passes(check: Callable[[], Awaitable[bool]]) -> bool:
    try:
        async with asyncio.timeout(2.0):
            return await check()
    except Exception:  # noqa: BLE001 - whatever a check raises, it did not pass
        return False
