"""Whether a process of the run without Docker is ready, as its own `/readyz` says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from scripts.local_stack.configuration import SetupError, settings
from scripts.local_stack.readiness import is_ready
from tests.support.ports import free_port


@contextmanager
def answering(status: int) -> Iterator[int]:
    """Serve `/readyz` with this status, and 404 elsewhere; the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("status, ready", [(200, True), (503, False)])
def test_a_process_is_as_ready_as_it_says(status: int, ready: bool) -> None:
    with answering(status) as port:
        assert is_ready(port) is ready


def test_a_process_that_does_not_listen_is_not_ready() -> None:
    assert not is_ready(free_port())


def test_a_port_that_is_no_number_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABBITMQ_PORT", "amqp")

    with pytest.raises(SetupError, match=r"^RABBITMQ_PORT=amqp is not a whole number"):
        settings()
