"""The three services as processes of their own, started as an operator starts them."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec

from common.runtime.lifecycle import EXIT_CONFIGURATION
from services.api.settings import ApiSettings
from services.notifications.settings import NotificationSettings
from services.worker.settings import WorkerSettings
from tests.support.ports import HOST, free_port
from tests.support.processes.children import Child
from tests.support.waiting import wait_until

_SETTINGS = {
    field.name.upper()
    for kind in (ApiSettings, WorkerSettings, NotificationSettings)
    for field in msgspec.structs.fields(kind)
}


class Service:
    """One process: `python -m services.<kind>` with `settings` and nothing else of what it reads."""

    def __init__(self, kind: str, name: str, folder: Path, settings: Mapping[str, str]) -> None:
        self.kind = kind
        self.name = name
        self._environment = {key: value for key, value in os.environ.items() if key not in _SETTINGS}
        self._environment |= settings
        self.take_port(free_port())
        self.disturbances = folder / f"{name}.disturbances"
        self._log = folder / f"{name}.log"
        self._child: Child | None = None

    @property
    def child(self) -> Child:
        """The process that was started last."""
        assert self._child is not None, f"{self.name} was not started"
        return self._child

    def start(self) -> None:
        """Start it, or start it again with the same settings; its log goes on."""
        assert self._child is None or not self._child.running, f"{self.name} runs"
        self._child = Child([sys.executable, "-m", f"services.{self.kind}"], self._environment, self._log)

    def take_port(self, port: int) -> None:
        """Have it listen on this port instead of a free one, from the next start on."""
        self._environment["API_PORT" if self.kind == "api" else "HEALTH_PORT"] = str(port)
        self.port = port

    def wait_ready(self, within: float = 30.0) -> None:
        """Wait until it says that it is ready."""

        def ready() -> bool:
            assert self.child.running, f"{self.name} ended with {self.child.exit_code}: {self.complaints()}"
            return self.ready()

        wait_until(ready, f"{self.name} is ready", within=within)

    def ready(self) -> bool:
        """What `/readyz` says at this moment."""
        return self.get("/readyz") == 200

    def get(self, path: str) -> int:
        """The status code of a GET; 0 when nobody answers."""
        try:
            return httpx.get(f"http://{HOST}:{self.port}{path}", trust_env=False, timeout=5).status_code
        except httpx.TransportError:
            return 0

    def stop(self, within: float = 30.0) -> int:
        """SIGTERM; the exit code."""
        self.child.terminate()
        return self.child.wait(within)

    def log(self) -> list[dict[str, Any]]:
        """Every line of its log; a line that is not a JSON object fails the test."""
        text = self._log.read_text()
        whole, _, _ = text.rpartition("\n")
        lines = [json.loads(line) for line in whole.splitlines()]
        assert all(isinstance(line, dict) for line in lines)
        return lines

    def logged(self, event: str, **fields: object) -> list[dict[str, Any]]:
        """The lines of an event with these fields."""
        wanted = {"event": event, **fields}
        return [line for line in self.log() if wanted.items() <= line.items()]

    def complaints(self) -> str:
        """What it wrote where only a crash or a refusal to start writes."""
        return self._log.with_suffix(".err").read_text()

    def refusal(self) -> str:
        """Start it; it must say in one line why it cannot run, and end with the code of a bad configuration."""
        self.start()
        try:
            assert self.child.wait() == EXIT_CONFIGURATION
        finally:
            self.close()
        said = self.complaints()
        assert len(said.splitlines()) == 1, said
        return said

    def close(self) -> None:
        """End it at once if it still runs."""
        if self._child is not None:
            self._child.close()
