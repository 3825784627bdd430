"""One worker, two and four: what more of them bring."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.contenders import darkroom
from tests.benchmarks.measuring import Row, in_turn, ratio
from tests.benchmarks.work import LARGE
from tests.support.broker.node import BrokerNode


def rows(folder: Path, node: BrokerNode, *, pairs: int, quick: bool) -> Iterator[Row]:
    """Images a second by the number of workers, to one worker's."""
    count = 8 if quick else 30
    folder.mkdir()
    with ExitStack() as stack:
        made = {
            number: stack.enter_context(darkroom(folder / str(number), node.vhost(), LARGE, workers=number))
            for number in (1, 2, 4)
        }
        found = in_turn(
            {str(number): lambda each=each: each.develop(LARGE.data, count) for number, each in made.items()},  # type: ignore[misc]
            pairs,
        )
    for number in ("2", "4"):
        yield ratio(f"12 megapixels, {number} workers to 1", found[number], found["1"])
