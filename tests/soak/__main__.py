"""`make soak`: uploads without end while something is disturbed every few seconds; every 202 must end as promised.

Starts a broker and all services of its own. Exits with 1 when an image was lost or stuck, failed although it was
sound, or when the invariant of the fault suite does not hold.
"""

import argparse
import random
import tempfile
from pathlib import Path

from tests.soak.outcome import report
from tests.soak.strikes import Strikes
from tests.soak.uploads import Uploads
from tests.support.broker.node import BrokerNode
from tests.support.fault_scenario import running_scenario


def main() -> int:
    """Soak for the given time; returns the exit code."""
    asked = _arguments()
    print(
        f"soaking for {asked.seconds:g} s, a strike every {asked.kill_every:g} s, seed {asked.seed}",
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="darkroom-soak-") as name:
        node = BrokerNode(Path(name) / "broker")
        try:
            node.start()
            return _soak(Path(name), node, asked)
        finally:
            node.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--kill-every", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    return parser.parse_args()


def _soak(folder: Path, node: BrokerNode, asked: argparse.Namespace) -> int:
    with running_scenario(
        folder, node.vhost(), workers=3, notifications=1, disturbed=True, WATCHDOG_SECONDS="10"
    ) as scenario:
        scenario.add("api").wait_ready()
        uploads = Uploads(scenario)
        strikes = Strikes(scenario, node, uploads, random.Random(asked.seed))
        with uploads.running():
            strikes.run(seconds=asked.seconds, every_seconds=asked.kill_every)
        return report(scenario, uploads.answers, strikes.counts)


if __name__ == "__main__":
    raise SystemExit(main())
