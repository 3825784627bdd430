"""Confines the current process before it reads untrusted bytes: limits, Landlock and seccomp."""

import ctypes
import os
import resource
import signal
from typing import Final

from services.worker.sandbox.child import landlock, seccomp
from services.worker.sandbox.messages import Confinement

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
# Standard streams, the socket, the image before and this one, two frames. So many pieces of shared memory can be held.
_MAX_OPEN_FILES: Final = 10


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the process `parent`, which started it, ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it had ended before the kernel was told
        os._exit(0)


def confine(*, memory_bytes: int, frame_bytes: int) -> Confinement:
    """Take everything from this process that decoding does not need; it cannot be undone.

    `memory_bytes` bounds the address space (0: as it is), `frame_bytes` any one piece of shared memory. Returns what
    the kernel granted; a kernel without Landlock or seccomp leaves the limits alone in force.
    """
    _limit(resource.RLIMIT_AS, memory_bytes or resource.RLIM_INFINITY)
    _limit(resource.RLIMIT_FSIZE, frame_bytes)
    _limit(resource.RLIMIT_NOFILE, _MAX_OPEN_FILES)
    _limit(resource.RLIMIT_CORE, 0)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    return Confinement(landlock=landlock.restrict(), seccomp=seccomp.restrict())


def _limit(which: int, most: int) -> None:
    """Lower a limit for good; the hard limit that stands is never raised."""
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        most = hard if most == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (most, most))


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
