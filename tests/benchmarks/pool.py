"""A bare pool of threads on all cores: reads the file, develops it, writes the result, and nothing else."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from common.recipes.recipe import Recipe
from tests.benchmarks.work import CORES, developer


def main() -> None:
    """A line on the standard input is how many to develop, a line out images a second."""
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    wanted = msgspec.json.decode(sys.argv[3], type=Recipe)
    develop = developer()
    with ThreadPoolExecutor(CORES) as pool:
        for line in sys.stdin:
            count = int(line)
            began = time.perf_counter()
            list(pool.map(lambda number: develop(source, wanted, folder / f"{number}.jpg"), range(count)))
            print(count / (time.perf_counter() - began), flush=True)


if __name__ == "__main__":
    main()
