"""A uvicorn server inside a process that has its own life: signals belong to the process, not to the server."""

import contextlib
from collections.abc import Iterator

import uvicorn


class EmbeddedServer(uvicorn.Server):
    """Serves until `should_exit` is set. uvicorn's own handlers would raise the signal again once it has stopped."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
