"""Who develops: Darkroom as a whole, a bare pool of threads, and Celery. Each says how many images a second."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from tests.benchmarks.wire import ask_all, form, get, id_of
from tests.benchmarks.work import CORES, Task
from tests.support.broker.vhost import Vhost
from tests.support.processes.children import ROOT
from tests.support.processes.stack import Stack
from tests.support.waiting import wait_until

_LINKS = 4
QUIET = {
    "LOG_LEVEL": "warning",
    "RATE_LIMIT_PER_MINUTE": "0",
    "MAX_PENDING_PER_CLIENT": "0",
    "SHUTDOWN_GRACE_SECONDS": "5",
}


class Darkroom(Stack):
    """All its processes on one store, as an operator starts them."""

    def develop(self, data: bytes, count: int) -> float:
        """Upload so many, wait until all results are durable, ask for every status: images a second."""
        return asyncio.run(self._develop(form(data), count))

    async def _develop(self, request: bytes, count: int) -> float:
        began = time.perf_counter()
        schemas, _ = await ask_all(self.api.port, [request] * count, _LINKS)
        while not (self.settled("outbox") and self.settled("unfinished")):
            await asyncio.sleep(0.005)
        statuses, _ = await ask_all(
            self.api.port, [get(f"/status/{id_of(body)}") for body in schemas], _LINKS
        )
        seconds = time.perf_counter() - began
        assert all(json.loads(status)["status"] == "completed" for status in statuses)
        return count / seconds

    def peaks(self) -> dict[str, float]:
        """The most memory each process ever had, in MiB."""
        return {each.name: each.child.peak_memory_bytes() / 2**20 for each in self.services}


@contextmanager
def darkroom(
    folder: Path, vhost: Vhost, task: Task, *, workers: int = CORES + 1, **settings: str
) -> Iterator[Darkroom]:
    """A Darkroom that does the task with every upload.

    Its workers are one more than the cores, as `make up` has it: while one waits for the broker, the others work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    presets = folder / "presets.toml"
    presets.write_text(task.preset)
    stack = Darkroom(folder, vhost.url, QUIET | settings | {"PRESETS_FILE": str(presets)})
    with ExitStack() as closing:
        closing.callback(stack.close)
        stack.add("api")
        for _ in range(workers):
            stack.add("worker")
        stack.add("notifications")
        stack.wait_ready()
        yield stack


class Rival:
    """A process of its own that is told what to do line by line, and answers with images a second."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def measure(self, order: str) -> float:
        """Images a second."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def pool(source: Path, task: Task, folder: Path) -> Iterator[Rival]:
    """Threads that do nothing but develop."""
    rival = Rival("pool", str(source), str(folder), msgspec.json.encode(task.recipe).decode())
    try:
        yield rival
    finally:
        rival.close()


class Celery:
    """A Celery worker with all cores, and a client that sends tasks."""

    def __init__(self, url: str, folder: Path, source: Path, task: Task) -> None:
        self._folder, self._source = folder, source
        self._wanted = msgspec.json.encode(task.recipe).decode()
        log = (folder / "celery.log").open("w")
        command = ["-m", "celery", "-A", "tests.benchmarks.celery_app", "worker", "--loglevel=warning"]
        options = [f"--concurrency={CORES}", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        self._process = subprocess.Popen(
            [sys.executable, *command, *options],
            cwd=ROOT,
            env={**os.environ, "BENCH_BROKER": url},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        self._client = Rival("celery_client", url)
        self._rounds = 0

    def develop(self, count: int) -> float:
        """Send so many tasks, wait until their files are there: images a second."""
        self._rounds += 1
        target = self._folder / f"round-{self._rounds}"
        target.mkdir()
        order = {"source": str(self._source), "recipe": self._wanted, "target": str(target), "count": count}
        return self._client.measure(json.dumps(order))

    def close(self) -> None:
        self._client.close()
        self._process.terminate()
        self._process.wait(30)


@contextmanager
def celery(vhost: Vhost, folder: Path, source: Path, task: Task) -> Iterator[Celery]:
    """Celery with late acknowledgement, prefork, no result backend."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Celery(vhost.url, folder, source, task)
    try:
        wait_until(lambda: vhost.length("celery") == 0, "Celery's worker consumes", within=60)
        yield made
    finally:
        made.close()
