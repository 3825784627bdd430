"""The API in memory."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.http.api import Api, open_api


@pytest.fixture
async def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Api]:
    """With small limits: 1000 bytes a file, three files an upload, a fifth of a second without a byte."""
    async with open_api(
        monkeypatch,
        tmp_path,
        max_upload_bytes=1000,
        max_files_per_upload=3,
        upload_idle_seconds=0.2,
        max_backlog=100,
    ) as made:
        yield made
