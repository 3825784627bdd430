"""Sends tasks to Celery and waits for their files; a line on the standard input is an order, a line out the answer."""

import json
import os
import sys
import time
from pathlib import Path


def main() -> None:
    """Until the input ends."""
    os.environ["BENCH_BROKER"] = sys.argv[1]
    from tests.benchmarks.celery_app import develop  # noqa: PLC0415 - reads the variable

    for line in sys.stdin:
        order = json.loads(line)
        target, count = Path(order["target"]), order["count"]
        began = time.perf_counter()
        for number in range(count):
            develop.apply_async((order["source"], order["recipe"], str(target / f"{number}.jpg")))
        while len(list(target.glob("*.jpg"))) < count:
            time.sleep(0.005)
        print(count / (time.perf_counter() - began), flush=True)


if __name__ == "__main__":
    main()
