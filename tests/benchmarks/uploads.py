"""Uploads alone: streamed to the store, against `request.form()` and a copy on the same server."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.contenders import QUIET, darkroom
from tests.benchmarks.measuring import Row, in_turn, ratio, summary
from tests.benchmarks.wire import ask_all, form, get
from tests.benchmarks.work import SMALL
from tests.support.broker.node import BrokerNode
from tests.support.ports import free_port
from tests.support.processes.children import Child
from tests.support.waiting import wait_until

_SIZES = {"100 KB": 100_000, "2 MB": 2_000_000, "50 MB": 50_000_000}
_LINKS = 4


def rows(folder: Path, node: BrokerNode, *, pairs: int, quick: bool) -> Iterator[Row]:
    """Both keep the file durably and answer with an id; neither develops it."""
    folder.mkdir()
    with ExitStack() as stack:
        limit = {"MAX_UPLOAD_BYTES": "60000000", "MAX_BACKLOG": "1000000"}
        ours = stack.enter_context(darkroom(folder / "ours", node.vhost(), SMALL, workers=0, **limit))
        port, rival = free_port(), None
        rival = Child(
            [sys.executable, "-m", "tests.benchmarks.form_server", str(port), str(folder / "theirs")],
            dict(QUIET),
            folder / "form.log",
        )
        stack.callback(rival.close)
        wait_until(lambda: _answers(port), "the other server answers")
        for name, size in _SIZES.items():
            data = SMALL.data + bytes(size - len(SMALL.data))
            count = max(2 if quick else 4, (10_000_000 if quick else 80_000_000) // size)
            count = min(count, 400)
            found = in_turn(
                {
                    "ours": lambda data=data, count=count: _uploads(ours.api.port, data, count),  # type: ignore[misc]
                    "form": lambda data=data, count=count: _uploads(port, data, count),  # type: ignore[misc]
                },
                pairs,
            )
            target = 1.6 if name == "2 MB" else None
            yield ratio(f"upload of {name}, to form and copy", found["ours"], found["form"], target=target)
            yield summary(f"upload of {name}", found["ours"], unit="uploads/s")
        ours_peak, their_peak = ours.peaks()["api-1"], rival.peak_memory_bytes() / 2**20
    yield summary(
        "peak memory of the API after all uploads", [ours_peak], unit="MiB", target=120, at_most=True
    )
    yield summary("peak memory of form and copy after the same", [their_peak], unit="MiB")


def _uploads(port: int, data: bytes, count: int) -> float:
    request = form(data)
    began = time.perf_counter()
    asyncio.run(ask_all(port, [request] * count, _LINKS))
    return count / (time.perf_counter() - began)


def _answers(port: int) -> bool:
    try:
        asyncio.run(ask_all(port, [get("/healthz")], 1))
    except (OSError, asyncio.IncompleteReadError):
        return False
    return True
