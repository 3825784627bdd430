"""Sends damaged files through a system it starts itself: `python -m tests.security.fuzz --count 5000 --seed 1`.

Prints what became of them. Ends with 1 when one is stuck, an answer was none that is foreseen, or a process was lost.
"""

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.security.mutations import mutated
from tests.security.target import Outcomes, Target, running_target
from tests.support.broker.node import BrokerNode

_BATCH: Final = 250
_MEBIBYTE: Final = 1024**2


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.security.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=5000, help="how many files")
    parser.add_argument("--seed", type=int, default=1, help="the first file's seed; the others' follow")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="darkroom-fuzz-")))
        node = BrokerNode(folder / "broker")
        stack.callback(node.close)
        node.start()
        target = stack.enter_context(running_target(folder, node.vhost().url, workers=options.workers))
        return _run(target, options.count, options.seed)


def _run(target: Target, count: int, seed: int) -> int:
    begun, total = time.monotonic(), Outcomes()
    for first in range(seed, seed + count, _BATCH):
        seeds = range(first, min(first + _BATCH, seed + count))
        files = [
            (f"seed {each} ({what})", "photo.jpg", data) for each in seeds for what, data in [mutated(each)]
        ]
        _add(total, target.feed(files, within=600.0))
        sys.stderr.write(f"\r{min(first + _BATCH - seed, count)} of {count}")
    sys.stderr.write("\n")
    _print(total, target, time.monotonic() - begun)
    return 1 if total.stuck or total.unexpected or target.lost else 0


def _add(total: Outcomes, found: Outcomes) -> None:
    total.refused += found.refused
    total.failed += found.failed
    total.completed += found.completed
    total.stuck += found.stuck
    total.unexpected += found.unexpected


def _print(total: Outcomes, target: Target, seconds: float) -> None:
    lines = {
        "refused at upload": f"{total.refused.total()} {dict(total.refused.most_common())}",
        "completed": total.completed,
        "failed": f"{total.failed.total()} {dict(total.failed.most_common())}",
        "stuck": f"{len(total.stuck)} {total.stuck[:5]}",
        "other answers": f"{len(total.unexpected)} {total.unexpected[:5]}",
        "processes lost": f"{len(target.lost)} {target.lost}",
        "peak of the API": f"{max(target.peaks('api')) // _MEBIBYTE} MiB",
        "peak of a worker": f"{max(target.peaks('worker')) // _MEBIBYTE} MiB",
        "seconds": f"{seconds:.0f}",
    }
    for name, value in lines.items():
        sys.stdout.write(f"{name:20} {value}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
