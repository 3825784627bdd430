"""A uvicorn server inside a process that has its own life: signals belong to the process, not to the server."""

import contextlib
import resource
from collections.abc import Iterator

import uvicorn


class EmbeddedServer(uvicorn.Server):
    """Serves until `should_exit` is set. uvicorn's own handlers would raise the signal again once it has stopped."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def raise_file_limit() -> None:
    """As many open files as the process may have: the usual 1024 is a few hundred clients with an upload each."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
