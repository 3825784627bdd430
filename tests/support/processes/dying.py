"""Runs a service that kills itself at one step of its work on the store: `DIES="after hardlink_to result.json"`.

The step is a method of pathlib.Path, named with a piece of one of the two paths it is about: the edge of the standard
library, so that the code under test is untouched.
"""

import os
import runpy
import signal
import sys
from pathlib import Path
from typing import Any

VARIABLE = "DARKROOM_TEST_DIES"


def arrange(step: str) -> None:
    """Have this process end by SIGKILL `before` or `after` the first call of a method with such a path."""
    when, method, piece = step.split(" ", 2)
    original = getattr(Path, method)

    def replacement(self: Path, *arguments: Any, **options: Any) -> Any:
        fatal = any(piece in str(each) for each in (self, *arguments))
        if fatal and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(self, *arguments, **options)
        if fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(Path, method, replacement)


if __name__ == "__main__":
    arrange(os.environ[VARIABLE])
    module = sys.argv.pop(1)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
