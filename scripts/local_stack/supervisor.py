"""Talks to the supervisord of this checkout over its socket; standard library only."""

import hashlib
import http.client
import os
import signal
import socket
import tempfile
import time
import xmlrpc.client
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# What the kernel allows for the path of a socket is 104 bytes on macOS, 108 on Linux.
_LONGEST_SOCKET_PATH = 100
_ENDED = {"STOPPED", "EXITED", "FATAL"}


class _SocketTransport(xmlrpc.client.Transport):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, _host: Any) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("localhost", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self._path)
        return connection


class Supervisord:
    """Reads, changes and stops what runs; it does not start supervisord itself."""

    def __init__(self, root: Path) -> None:
        self._pid_file = root / "var/run/supervisord.pid"
        self.socket = _socket_path(root)

    @property
    def pid(self) -> int | None:
        """The process id of supervisord, or None when it does not run."""
        try:
            pid = int(self._pid_file.read_text())
            os.kill(pid, 0)
            self._call("getState")
        except (OSError, ValueError, http.client.HTTPException):
            return None
        return pid

    def processes(self) -> dict[str, dict[str, Any]]:
        """Return what supervisord knows of each process, by name."""
        found: list[dict[str, Any]] = self._call("getAllProcessInfo")
        return {info["name"]: info for info in found}

    def apply_configuration(self) -> None:
        """Start what is new in the configuration and stop what is no longer in it; the rest runs on."""
        added, changed, removed = self._call("reloadConfig")[0]
        self.stop([*removed, *changed])
        for name in (*removed, *changed):
            self._call("removeProcessGroup", name)
        for name in (*added, *changed):
            self._call("addProcessGroup", name)

    def stop(self, names: Iterable[str]) -> None:
        """Stop these processes: ask all at once, then wait for the slowest, since each may take its grace period."""
        waiting = {name for name in names if self.processes()[name]["statename"] not in _ENDED}
        for name in waiting:
            self._call("stopProcess", name, False)
        while waiting:
            time.sleep(0.2)
            states = self.processes()
            waiting = {name for name in waiting if states[name]["statename"] not in _ENDED}

    def shut_down(self) -> None:
        """Stop every process, the broker last, and then supervisord itself."""
        pid = self.pid
        names = set(self.processes())
        self.stop(names - {"rabbitmq"})
        self.stop(names & {"rabbitmq"})
        self._call("shutdown")
        while pid is not None and _alive(pid):
            time.sleep(0.1)

    def end_orphans(self) -> int:
        """End the processes that a killed supervisord has left behind; return their number."""
        orphans = [pid for pid in _processes_with(f"DARKROOM_SOCKET={self.socket}") if pid != os.getpid()]
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in filter(_alive, orphans):
                os.kill(pid, number)
            deadline = time.monotonic() + 10
            while any(map(_alive, orphans)) and time.monotonic() < deadline:
                time.sleep(0.1)
        return len(orphans)

    def _call(self, method: str, *arguments: Any) -> Any:
        proxy = xmlrpc.client.ServerProxy("http://localhost", transport=_SocketTransport(self.socket))
        with proxy:
            return getattr(proxy.supervisor, method)(*arguments)


def _socket_path(root: Path) -> str:
    path = str(root / "var/run/supervisord.sock")
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"darkroom-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    # Somebody else may have made the folder first, to be handed our commands.
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise SystemExit(f"{folder} belongs to somebody else.")
    return str(folder / "supervisord.sock")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # A zombie has ended; its parent has only not looked yet.
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return Path("/proc/self").exists() is False


def _processes_with(variable: str) -> list[int]:
    """Return the ids of the processes with this variable in their environment; none where there is no /proc."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if os.fsencode(variable) in environment:
            found.append(int(folder.name))
    return found
