"""Reading: statuses a second, the time from upload to result, and what a full store does to either."""

import asyncio
import json
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.benchmarks.contenders import Darkroom, darkroom
from tests.benchmarks.filling import fill
from tests.benchmarks.measuring import Row, in_turn, percentile, ratio, summary
from tests.benchmarks.wire import Link, ask_all, form, get, id_of
from tests.benchmarks.work import SMALL
from tests.support.broker.node import BrokerNode


def rows(folder: Path, node: BrokerNode, *, pairs: int, quick: bool) -> Iterator[Row]:
    """Latencies in milliseconds; a full store as a ratio to one of 1,000 images."""
    folder.mkdir()
    yield from _latencies(folder / "latency", node, quick=quick)
    yield from _full_stores(
        folder, node, pairs=pairs, sizes=(1_000, 10_000) if quick else (1_000, 10_000, 100_000)
    )


def _latencies(folder: Path, node: BrokerNode, *, quick: bool) -> Iterator[Row]:
    with darkroom(folder, node.vhost(), SMALL) as stack:
        full = max(stack.develop(SMALL.data, 100 if quick else 300) for _ in range(1 if quick else 3))
        for name, rate in (("idle", full / 50), ("half load", full / 2)):
            count = 40 if quick else 200
            seconds = asyncio.run(_paced(stack, rate, count if name == "half load" else count // 2))
            yield summary(f"upload to finished, {name}, median", [1000 * percentile(seconds, 0.5)], unit="ms")
            yield summary(f"upload to finished, {name}, p99", [1000 * percentile(seconds, 0.99)], unit="ms")


async def _paced(stack: Darkroom, rate: float, count: int) -> list[float]:
    """The seconds from each upload's beginning to its status being final, at so many uploads a second."""
    request = form(SMALL.data)

    async def one() -> float:
        link = Link(stack.api.port)
        began = time.perf_counter()
        _, body = await link.ask(request)
        asking = get(f"/status/{id_of(body)}")
        while json.loads((await link.ask(asking))[1])["status"] != "completed":
            await asyncio.sleep(0.002)
        seconds = time.perf_counter() - began
        link.close()
        return seconds

    tasks = []
    for _ in range(count):
        tasks.append(asyncio.create_task(one()))
        await asyncio.sleep(random.expovariate(rate))
    return list(await asyncio.gather(*tasks))


def _full_stores(folder: Path, node: BrokerNode, *, pairs: int, sizes: tuple[int, ...]) -> Iterator[Row]:
    with ExitStack() as stack:
        made = {}
        for size in sizes:
            ids = fill(folder / str(size) / "store", size)
            api = stack.enter_context(darkroom(folder / str(size), node.vhost(), SMALL, workers=0)).api
            made[size] = (api.port, random.Random(size).sample(ids, 1000))
        small, *others = sizes
        again = in_turn({"again": partial(_statuses, *made[small])}, pairs)["again"]
        yield summary("status reads of one API process, 4 an image", again, unit="reads/s", target=5000)
        rounds = 1 if pairs < 5 else 3
        rates = in_turn(
            {str(size): partial(_first_statuses, *made[size], rounds=rounds) for size in sizes}, pairs
        )
        yield summary("status reads of one API process, 1 an image", rates[str(small)], unit="reads/s")
        for name, work in (("status", None), ("list", "/images?limit=50"), ("upload", "upload")):
            found = (
                rates
                if work is None
                else in_turn(
                    {str(size): lambda each=made[size], what=work: _rate(each[0], what) for size in sizes},  # type: ignore[misc]
                    pairs,
                )
            )
            for size in others:
                target = 1.05 if name == "status" else None
                yield ratio(
                    f"{name}, time at {size:,} images to {small:,}",
                    found[str(small)],
                    found[str(size)],
                    target=target,
                    at_most=True,
                )


def _first_statuses(port: int, ids: list[str], rounds: int) -> float:
    """Of images that were not asked for within the last second, which an API remembers."""
    seconds = 0.0
    for _ in range(rounds):
        time.sleep(1.2)
        seconds += len(ids) / _statuses(port, ids, each=1)
    return rounds * len(ids) / seconds


def _statuses(port: int, ids: list[str], each: int = 4) -> float:
    requests = [get(f"/status/{image_id}") for image_id in ids] * each
    began = time.perf_counter()
    asyncio.run(ask_all(port, requests, 16))
    return len(requests) / (time.perf_counter() - began)


def _rate(port: int, what: str) -> float:
    requests = [form(SMALL.data)] * 100 if what == "upload" else [get(what)] * 40
    began = time.perf_counter()
    asyncio.run(ask_all(port, requests, 4))
    return len(requests) / (time.perf_counter() - began)
