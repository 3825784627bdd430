"""Start the API: `python -m services.api`."""

import asyncio
from functools import partial

import structlog
import uvicorn
from starlette.applications import Starlette
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from common.errors import DarkroomError
from common.runtime import lifecycle
from common.runtime.entry_point import run_service
from common.runtime.lifecycle import EmbeddedServer, raise_file_limit, serve_until
from services.api.app import create_app
from services.api.server.connections import ConnectionLimits, ConnectionTracker
from services.api.server.protocol import HardenedHttpProtocol
from services.api.settings import ApiSettings


def main() -> int:
    """Run the process and return its exit code."""
    return run_service("api", ApiSettings, serve)


async def serve(configured: ApiSettings, stop: asyncio.Event) -> int:
    """Serve until `stop` is set or the application gives up; returns the exit code."""
    _warn_if_open(configured)
    raise_file_limit()
    fatal: list[DarkroomError] = []

    def give_up(error: DarkroomError) -> None:
        fatal.append(error)
        stop.set()

    server = EmbeddedServer(_config(configured, create_app(configured, give_up)))
    code = await serve_until(stop, server)
    if fatal:
        raise fatal[0]
    return code


def _warn_if_open(configured: ApiSettings) -> None:
    if not configured.api_keys_file and configured.api_host not in ("127.0.0.1", "::1", "localhost"):
        structlog.get_logger(__name__).warning(
            "api_keys.not_configured",
            host=configured.api_host,
            advice="anyone who reaches this address may upload, read and delete: set API_KEYS_FILE",
        )


def _config(configured: ApiSettings, app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=configured.api_host,
        port=configured.api_port,
        http=partial(HardenedHttpProtocol, tracker=_tracker(configured, app)),  # type: ignore[arg-type]
        proxy_headers=True,
        forwarded_allow_ips=configured.trusted_proxies,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=int(configured.shutdown_grace_seconds),
    )


def _tracker(configured: ApiSettings, app: Starlette) -> ConnectionTracker:
    """Return a tracker that knows proxies by the same rule as the server."""
    proxies = ProxyHeadersMiddleware(app, configured.trusted_proxies).trusted_hosts  # type: ignore[arg-type]
    return ConnectionTracker(
        ConnectionLimits(
            total=configured.max_connections,
            per_network=configured.max_connections_per_client,
            stalled=configured.max_stalled_readers,
            stall_seconds=configured.reader_stall_seconds,
            is_proxy=proxies.__contains__,
        )
    )


if __name__ == "__main__":
    lifecycle.exit_now(main())
