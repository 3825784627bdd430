"""Runs a service whose disk can stall and whose clock can step: `python -m tests.support.processes.disturbed MODULE`.

DARKROOM_TEST_DISTURBANCES names a folder. While it holds a file `stall`, every call that touches a file waits; a file
`clock` holds the seconds by which the wall clock is off. Only the edge of the standard library is replaced.
"""

import builtins
import os
import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

VARIABLE: Final = "DARKROOM_TEST_DISTURBANCES"
STALL: Final = "stall"
CLOCK: Final = "clock"

_PAUSE_SECONDS: Final = 0.02
_FILE_CALLS: Final = (
    "open",
    "read",
    "write",
    "fsync",
    "replace",
    "rename",
    "link",
    "mkdir",
    "unlink",
    "scandir",
)
_stat, _time, _sleep, _open = os.stat, time.time, time.sleep, builtins.open


def stall_disk(folder: Path) -> None:
    """Have the file calls of this process wait while the folder holds `stall`."""
    marker = str(folder / STALL)
    for name in _FILE_CALLS:
        setattr(os, name, _stalling(getattr(os, name), marker))
    builtins.open = _stalling(builtins.open, marker)


def step_clock(folder: Path) -> None:
    """Have `time.time` of this process be off by the seconds in the folder's file `clock`."""
    path = str(folder / CLOCK)

    def stepped() -> float:
        try:
            with _open(path) as file:
                return _time() + float(file.read() or 0)
        except OSError:
            return _time()

    time.time = stepped


def _stalling(call: Callable[..., Any], marker: str) -> Callable[..., Any]:
    def waiting(*arguments: Any, **options: Any) -> Any:
        while _exists(marker):
            _sleep(_PAUSE_SECONDS)
        return call(*arguments, **options)

    return waiting


def _exists(path: str) -> bool:
    try:
        _stat(path)
    except FileNotFoundError:
        return False
    return True


if __name__ == "__main__":
    disturbances = Path(os.environ[VARIABLE])
    stall_disk(disturbances)
    step_clock(disturbances)
    module = sys.argv.pop(1)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
