"""Clients that upload sound images, one a replica of the API, and count what they are answered."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx

from tests.support.fault_scenario import FaultScenario
from tests.support.http.client import open_client
from tests.support.images.drawings import photograph
from tests.support.processes.services import Service

_UPLOADS_A_SECOND: Final = 6.0
_SIZES: Final = ((160, 120), (640, 480), (1600, 1200))


class Uploads:
    """What got a 202 is in `scenario.accepted`; `answers` counts the status codes."""

    def __init__(self, scenario: FaultScenario) -> None:
        self.answers: Counter[str] = Counter()
        self._scenario = scenario
        self._stop = threading.Event()
        self._go = threading.Event()
        self._go.set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Upload in threads until the context ends."""
        replicas = self._scenario.of("api")
        clients = [threading.Thread(target=self._upload, args=(each, len(replicas))) for each in replicas]
        for client in clients:
            client.start()
        try:
            yield
        finally:
            self._stop.set()
            self._go.set()
            for client in clients:
                client.join(60)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Begin no upload until the context ends."""
        self._go.clear()
        try:
            yield
        finally:
            self._go.set()

    def _upload(self, replica: Service, replicas: int) -> None:
        images = [photograph(*size) for size in _SIZES]
        with open_client(replica.port) as client:
            while not self._stop.wait(replicas / _UPLOADS_A_SECOND):
                self._go.wait()
                try:
                    answer = client.http.post(
                        "/upload", files={"file": ("a.jpg", random.choice(images))}, timeout=10
                    )
                except httpx.TransportError:
                    self.answers["unanswered"] += 1
                    continue
                self.answers[str(answer.status_code)] += 1
                if answer.status_code == 202:
                    self._scenario.accepted.append(answer.json()["image_id"])
