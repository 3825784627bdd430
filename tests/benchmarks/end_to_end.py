"""From the upload to the durable result: against a bare pool of threads, and against Celery."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.contenders import celery, darkroom, pool
from tests.benchmarks.measuring import Row, in_turn, ratio, summary
from tests.benchmarks.work import LARGE, SMALL, Task
from tests.support.broker.node import BrokerNode


def rows(folder: Path, node: BrokerNode, *, pairs: int, quick: bool) -> Iterator[Row]:
    """Large images, where the image is the work, and small ones, where all the rest shows."""
    folder.mkdir()
    yield from _task("12 megapixels to 800", folder / "large", node, LARGE, 8 if quick else 40, pairs, 0.95)
    yield from _task("800x600 to 200x150", folder / "small", node, SMALL, 80 if quick else 400, pairs, None)


def _task(
    name: str, folder: Path, node: BrokerNode, task: Task, count: int, pairs: int, target: float | None
) -> Iterator[Row]:
    folder.mkdir()
    source = folder / "source.jpg"
    source.write_bytes(task.data)
    with ExitStack() as stack:
        ours = stack.enter_context(darkroom(folder / "darkroom", node.vhost(), task))
        bare = stack.enter_context(pool(source, task, folder))
        theirs = stack.enter_context(celery(node.vhost(), folder / "celery", source, task))
        found = in_turn(
            {
                "darkroom": lambda: ours.develop(task.data, count),
                "pool": lambda: bare.measure(str(count)),
                "celery": lambda: theirs.develop(count),
            },
            pairs,
        )
        peaks = ours.peaks()
    yield ratio(f"{name}, end to end, to a bare pool", found["darkroom"], found["pool"], target=target)
    yield ratio(f"{name}, end to end, to Celery", found["darkroom"], found["celery"], target=1.0)
    for who in ("darkroom", "pool", "celery"):
        yield summary(f"{name}, {who}", found[who], unit="images/s")
    for process, peak in peaks.items():
        yield summary(f"{name}, peak memory of {process}", [peak], unit="MiB")
