"""Child processes that can be hurt, are watched, and never outlive the test run."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]
_DIE_WITH_PARENT = Path(__file__).with_name("die_with_parent.py")
_MARK = "DARKROOM_TEST_RUN"
_RUN = uuid4().hex
_GONE_WITHIN = 20.0  # seconds


class Child:
    """A process started by a test. Start it from the main thread: it dies with the thread that started it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self.errors = log.with_suffix(".err")
        with log.open("ab") as out, self.errors.open("ab") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-ES", str(_DIE_WITH_PARENT), str(os.getpid()), *command],
                cwd=ROOT,
                env={**environment, _MARK: _RUN},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                # An interrupt at the terminal is for pytest alone, which then ends its children.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number when a signal ended it."""
        return self._process.poll()

    @property
    def running(self) -> bool:
        return self.exit_code is None

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._process.kill()
        self.wait(_GONE_WITHIN)

    def freeze(self) -> None:
        """SIGSTOP: it stays, and does nothing."""
        self._process.send_signal(signal.SIGSTOP)
        wait_until(lambda: _state(self.pid) == "T", f"process {self.pid} is frozen")

    def thaw(self) -> None:
        """SIGCONT."""
        self._process.send_signal(signal.SIGCONT)

    def wait(self, within: float = _GONE_WITHIN) -> int:
        """The exit code; fails when it has not ended by then."""
        return self._process.wait(within)

    def peak_memory_bytes(self) -> int:
        """The most physical memory it ever had (VmHWM)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def close(self) -> None:
        """End it at once if it still runs."""
        if self.running:
            self.kill()


def left_over() -> list[str]:
    """The processes of this test run that still live, by their command lines; none where there is no /proc."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"{_MARK}={_RUN}".encode() in environment and command:
            found.append(f"{folder.name}: {command[:200]}")
    return found


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
