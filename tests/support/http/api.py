"""The API with its environment in memory, called without a network: built by its own composition root."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from common.errors import UnreadableRecordError
from common.model.records import Record
from services.api import app as composition
from services.api.dependencies import Dependencies
from services.api.settings import ApiSettings
from tests.support.fakes import RecordingPublisher
from tests.support.store.memory import Memory, MemoryStore, memory_stores


@dataclass
class Api:
    """The client, and what is behind the API."""

    http: httpx.AsyncClient
    dependencies: Dependencies
    publisher: RecordingPublisher

    @property
    def store(self) -> MemoryStore:
        """The images."""
        assert isinstance(self.dependencies.stores.images, MemoryStore)
        return self.dependencies.stores.images

    @property
    def memory(self) -> Memory:
        """All that the store keeps."""
        return self.store.memory

    def counted(self, name: str, **labels: str) -> float:
        """What the metric says; 0 while nothing was counted."""
        return self.dependencies.monitoring.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def open_api(monkeypatch: pytest.MonkeyPatch, folder: Path, **settings: Any) -> AsyncIterator[Api]:
    """An API with these settings, its lifespan entered."""
    publisher, stores = RecordingPublisher(), memory_stores()

    @asynccontextmanager
    async def given(made: object) -> AsyncIterator[Any]:
        yield made

    monkeypatch.setattr(composition, "select_store", lambda *_, **__: lambda: given(stores))
    monkeypatch.setattr(composition, "open_publisher", lambda *_, **__: given(publisher))
    app = composition.create_app(
        ApiSettings(store_root=str(folder), **settings), lambda error: pytest.fail(str(error))
    )
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        transport = httpx.ASGITransport(_with_state(app, state), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
            yield Api(http, state["dependencies"], publisher)


def _with_state(app: ASGIApp, state: Any) -> ASGIApp:
    """What a server does with the state of the lifespan."""

    async def stateful(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    return stateful


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of an answer that must be a problem in every respect."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    body = msgspec.json.decode(answer.content)
    assert body["status"] == answer.status_code
    assert body["title"]
    assert body["detail"]
    return answer.status_code, body["code"]


def damage(monkeypatch: pytest.MonkeyPatch, store: MemoryStore, image_id: str) -> None:
    """From here on one image's record cannot be read."""
    read = store.read

    async def reading(asked: str) -> Record | None:
        if asked == image_id:
            raise UnreadableRecordError("a record of the image cannot be read")
        return await read(asked)

    monkeypatch.setattr(store, "read", reading)
