"""Runs a command that dies with the process that started it, however that ends: `die_with_parent.py PARENT COMMAND...`.

An interrupted or killed test run leaves no broker and no service behind. The process id stays, so that a signal reaches
the command. Only Linux knows how; elsewhere the command is simply run.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for the signal, then become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("the process that started this one is gone")
    os.execvp(command[0], command)  # noqa: S606 - the command is the tests' own


if __name__ == "__main__":
    main()
