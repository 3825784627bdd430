"""Forbids with Landlock any path, TCP port, and signal or abstract socket outside this process.

The calls are made with ctypes: three numbers that are the same on every architecture, against bindings that are not
kept up or that do not know the newer versions (docs/adr, "Images are decoded in a child process").
"""

import ctypes
import os
from typing import Final

_CREATE_RULESET: Final = 444
_RESTRICT_SELF: Final = 446
_CREATE_RULESET_VERSION: Final = 1

# The last bit of each right by the version that brought it; a right that the kernel does not know is an error.
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 5: 16}
_BIND_AND_CONNECT_TCP: Final = 0b11
_SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS: Final = 0b11
_NETWORK_SINCE: Final = 4
_SCOPES_SINCE: Final = 6


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


def version() -> int:
    """Return the version of Landlock that the kernel has; 0 where there is none or it is switched off."""
    return max(0, _syscall(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION))


def restrict() -> int:
    """Forbid this process all that the kernel's Landlock can forbid; returns its version, 0 if nothing is in force.

    The process must have set no_new_privs.
    """
    supported = version()
    if not supported:
        return 0
    attributes = _RulesetAttributes(*_handled(supported))
    size = (
        ctypes.sizeof(attributes) if supported >= _SCOPES_SINCE else 16 if supported >= _NETWORK_SINCE else 8
    )
    ruleset = _syscall(_CREATE_RULESET, ctypes.byref(attributes), size, 0)
    if ruleset < 0:
        return 0
    try:
        return supported if _syscall(_RESTRICT_SELF, ruleset, 0) == 0 else 0
    finally:
        os.close(ruleset)


def _handled(supported: int) -> tuple[int, int, int]:
    """Return the rights that are forbidden: on files, on the network, and on what is outside this process."""
    files = (1 << max(last for since, last in _FILE_RIGHTS.items() if since <= supported)) - 1
    return (
        files,
        _BIND_AND_CONNECT_TCP if supported >= _NETWORK_SINCE else 0,
        _SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS if supported >= _SCOPES_SINCE else 0,
    )


def _syscall(number: int, *arguments: object) -> int:
    result: int = ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *arguments)
    return result
