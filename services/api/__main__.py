"""Start the API: `python -m services.api`."""

import os

import structlog
import uvicorn

from common import lifecycle, log, settings
from common.errors import ConfigurationError, DarkroomError
from common.service import EXIT_STUCK
from services.api.app import create_app
from services.api.settings import ApiSettings


def main() -> int:
    """Read the settings and serve; returns the exit code."""
    try:
        configured = settings.load(ApiSettings, os.environ)
    except ConfigurationError as error:
        return lifecycle.refuse(error)
    log.configure("api", configured.log_level)
    fatal: list[DarkroomError] = []

    def end(error: DarkroomError) -> None:
        fatal.append(error)
        server.should_exit = True

    server = uvicorn.Server(_config(configured, create_app(configured, end)))
    server.run()
    if fatal:
        return _explain(fatal[0])
    return 0 if server.started else 1


def _explain(error: DarkroomError) -> int:
    if isinstance(error, ConfigurationError):
        return lifecycle.refuse(error)
    structlog.get_logger(__name__).error("service.stuck", reason=str(error))
    return EXIT_STUCK


def _config(configured: ApiSettings, app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=configured.api_host,
        port=configured.api_port,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=int(configured.shutdown_grace_seconds),
    )


if __name__ == "__main__":
    lifecycle.leave(main())
