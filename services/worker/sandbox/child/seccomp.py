"""Allows with seccomp the system calls that decoding needs: others fail with EPERM, and a new program is killed.

A filter is classic BPF: the kernel refuses to be asked by name, so the numbers stand here for two architectures.
"""

import ctypes
import errno
import fcntl
import os
import platform
import struct
from typing import Final

_PR_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2
_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_REFUSE: Final = 0x00050000 | errno.EPERM
_ABSENT: Final = 0x00050000 | errno.ENOSYS  # glibc then falls back on clone, whose flags a filter can see

_LOAD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_AT_LEAST: Final = 0x35
_JUMP_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
_FIRST_ARGUMENT, _SECOND_ARGUMENT, _THIRD_ARGUMENT = 16, 24, 32
_CLONE_THREAD: Final = 0x00010000
_PROT_EXEC: Final = 4
_X32: Final = 0x40000000  # x86-64's second set of numbers

# By name: the number on x86-64 and on AArch64, None where it has none.
_CALLS: Final[dict[str, tuple[int | None, int | None]]] = {
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "fstat": (5, 80), "poll": (7, None), "lseek": (8, 62),
    "munmap": (11, 215), "brk": (12, 214), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139), "pread64": (17, 67), "pwrite64": (18, 68), "sched_yield": (24, 124),
    "mremap": (25, 216), "madvise": (28, 233), "nanosleep": (35, 101), "getpid": (39, 172),
    "sendmsg": (46, 211), "recvmsg": (47, 212), "exit": (60, 93), "ftruncate": (77, 46),
    "gettimeofday": (96, 169), "sigaltstack": (131, 132), "gettid": (186, 178), "futex": (202, 98),
    "sched_getaffinity": (204, 123), "restart_syscall": (219, 128), "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115), "exit_group": (231, 94), "set_robust_list": (273, 99), "ppoll": (271, 73),
    "getrandom": (318, 278), "rseq": (334, 293), "newfstatat": (262, 79),
}  # fmt: skip
_WITHOUT_EXEC: Final = {"mmap": (9, 222), "mprotect": (10, 226)}
_FCNTL: Final = (72, 25)
_CLONE: Final = (56, 220)
_MEMFD_CREATE: Final = (319, 279)
_OTHER_MEMFD_FLAGS: Final = 0xFFFFFFFF & ~(
    os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
)  # huge pages, code that is run
_CLONE3: Final = 435
_NEW_PROGRAMS: Final = {"execve": (59, 221), "execveat": (322, 281)}
_MACHINES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def restrict() -> bool:
    """Filter the system calls of this process; False where the kernel or the architecture has no filter.

    The process must have set no_new_privs.
    """
    if platform.machine() not in _MACHINES:
        return False
    code = b"".join(_filter(*_MACHINES[platform.machine()]))
    program = _Program(len(code) // 8, code)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return bool(prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _filter(column: int, architecture: int) -> list[bytes]:
    """Return the instructions, in the order in which the kernel runs them."""
    allowed = [numbers[column] for numbers in _CALLS.values()]
    code = [
        _op(_LOAD, _ARCHITECTURE),
        _op(_JUMP_EQUAL, architecture, if_true=1),
        _op(_RETURN, _KILL),
        _op(_LOAD, _NUMBER),
        _op(_JUMP_AT_LEAST, _X32, if_false=1),
        _op(_RETURN, _KILL),
    ]
    for number in (each for each in allowed if each is not None):
        code += [_op(_JUMP_EQUAL, number, if_false=1), _op(_RETURN, _ALLOW)]
    for numbers in _NEW_PROGRAMS.values():
        code += [_op(_JUMP_EQUAL, numbers[column], if_false=1), _op(_RETURN, _KILL)]
    code += [_op(_JUMP_EQUAL, _CLONE3, if_false=1), _op(_RETURN, _ABSENT)]
    code += _when(
        _CLONE[column], _FIRST_ARGUMENT, (_JUMP_ANY_BIT, _CLONE_THREAD), then=_ALLOW, otherwise=_REFUSE
    )
    code += _when(
        _FCNTL[column], _SECOND_ARGUMENT, (_JUMP_EQUAL, fcntl.F_ADD_SEALS), then=_ALLOW, otherwise=_REFUSE
    )
    code += _when(
        _MEMFD_CREATE[column],
        _SECOND_ARGUMENT,
        (_JUMP_ANY_BIT, _OTHER_MEMFD_FLAGS),
        then=_REFUSE,
        otherwise=_ALLOW,
    )
    for numbers in _WITHOUT_EXEC.values():
        code += _when(
            numbers[column], _THIRD_ARGUMENT, (_JUMP_ANY_BIT, _PROT_EXEC), then=_REFUSE, otherwise=_ALLOW
        )
    return [*code, _op(_RETURN, _REFUSE)]


def _when(number: int, argument: int, test: tuple[int, int], *, then: int, otherwise: int) -> list[bytes]:
    """Decide for the call `number` by the low half of an argument: `test` is a jump and its operand."""
    return [
        _op(_JUMP_EQUAL, number, if_false=4),
        _op(_LOAD, argument),
        _op(*test, if_false=1),
        _op(_RETURN, then),
        _op(_RETURN, otherwise),
    ]


def _op(code: int, operand: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    """Pack one struct sock_filter; the jumps say how many instructions are passed over."""
    return struct.pack("=HBBI", code, if_true, if_false, operand)
