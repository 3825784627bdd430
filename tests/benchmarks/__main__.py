"""`make bench`: starts its own broker and stacks, measures, prints the table, writes JSON and a chart."""

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import decoding, end_to_end, reads, reporting, transforms, uploads, workers
from tests.benchmarks.measuring import Row
from tests.support.broker.node import BrokerNode

GROUPS = ("end_to_end", "transforms", "decoding", "uploads", "reads", "workers")


def main() -> None:
    """All groups of rows, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(GROUPS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="fewer pairs and smaller images")
    parser.add_argument("--out", type=Path, default=Path("var/bench"))
    asked = parser.parse_args()
    began, rows = time.monotonic(), []
    print(f"{reporting.machine()}\n\n{reporting.HEAD}", flush=True)
    for row in _measured(tuple(asked.groups) or GROUPS, quick=asked.quick):
        rows.append(row)
        print(reporting.line(row), flush=True)
    reporting.write(rows, asked.out)
    print(f"\n{time.monotonic() - began:.0f} s; bench.json and bench.png are in {asked.out}")


def _measured(groups: tuple[str, ...], *, quick: bool) -> Iterator[Row]:
    pairs = 2 if quick else 5
    with tempfile.TemporaryDirectory(prefix="darkroom-bench-") as name:
        folder = Path(name)
        node = BrokerNode(folder / "broker")
        try:
            if set(groups) - {"transforms", "decoding"}:
                node.start()
            if "end_to_end" in groups:
                yield from end_to_end.rows(folder / "end", node, pairs=pairs, quick=quick)
            if "transforms" in groups:
                yield from transforms.rows(folder / "transforms", pairs=pairs, quick=quick)
            if "decoding" in groups:
                yield from decoding.rows(folder / "decoding", pairs=pairs, quick=quick)
            if "uploads" in groups:
                yield from uploads.rows(folder / "uploads", node, pairs=pairs, quick=quick)
            if "reads" in groups:
                yield from reads.rows(folder / "reads", node, pairs=pairs, quick=quick)
            if "workers" in groups:
                yield from workers.rows(folder / "workers", node, pairs=pairs, quick=quick)
        finally:
            node.close()


if __name__ == "__main__":
    main()
