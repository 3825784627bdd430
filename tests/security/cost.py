"""Measures what each bomb costs in the API and in the worker: `python -m tests.security.cost` prints it.

It prints memory, time and outcome. Each bomb is tried in a process of its own, as the API inspects it and as the
worker's pipeline develops it; the cost is the most memory that was in use at once, beyond what the process had before.
"""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.security.bombs import BOMBS
from tests.support.processes.children import ROOT

_PROLOGUE: Final = """
import sys, time
from pathlib import Path
from common.errors import DarkroomError
def used(what):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what))
"""
_API: Final = """
from common.formats.format_detection import detect_format
from services.api.http.problems import Problem
from services.api.settings import ApiSettings
from common.inspection.limits import ImageLimits
from services.api.uploads.image_info import check_image
limits = ImageLimits.of(ApiSettings())
def work(path):
    with path.open("rb") as file:
        try:
            check_image(file, detect_format(file.read(32)), limits)
        except Problem as problem:
            return problem.code
    return "taken"
"""
_WORKER: Final = """
from tests.support.presets import default_recipe
from services.worker.pipeline_setup import build_pipeline
from services.worker.settings import WorkerSettings
pipeline = build_pipeline(WorkerSettings())
def work(path):
    try:
        pipeline(path, default_recipe(), lambda: False)
    except DarkroomError as error:
        return error.code
    return "developed"
"""
_EPILOGUE: Final = """
Path("/proc/self/clear_refs").write_text("5")
before, started = used("VmRSS"), time.perf_counter()
outcome = work(Path(sys.argv[1]))
print(outcome, max(0, used("VmHWM") - before), round((time.perf_counter() - started) * 1000))
"""
_PLACES: Final = {"api": _API, "worker": _WORKER}


@dataclass(frozen=True)
class Cost:
    """What became of it, the memory it took in bytes, and the milliseconds."""

    outcome: str
    memory: int
    milliseconds: int


def cost(data: bytes, place: str, folder: Path) -> Cost:
    """Return what the file costs in the `api` or in the `worker`."""
    path = folder / "bomb"
    path.write_bytes(data)
    program = _PROLOGUE + _PLACES[place] + _EPILOGUE
    command = [sys.executable, "-c", program, str(path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    outcome, memory, milliseconds = ended.stdout.split()
    return Cost(outcome, int(memory), int(milliseconds))


def main() -> int:
    """Run the command; return its exit code."""
    started = time.monotonic()
    with TemporaryDirectory(prefix="darkroom-cost-") as folder:
        for name, make in BOMBS.items():
            data = make()
            found = [f"{place}: {_told(cost(data, place, Path(folder)))}" for place in _PLACES]
            sys.stdout.write(f"{name} ({len(data)} bytes)\n    {'; '.join(found)}\n")
    sys.stdout.write(f"{time.monotonic() - started:.0f} s in all\n")
    return 0


def _told(found: Cost) -> str:
    return f"{found.outcome}, {found.memory / 1024**2:.1f} MiB, {found.milliseconds} ms"


if __name__ == "__main__":
    sys.exit(main())
