"""What a confined process can still do, tried out in one: with Landlock, with seccomp, and with both."""

import json
import subprocess
import sys

import pytest

from services.worker.sandbox.child import landlock
from tests.support.processes.children import ROOT

ATTEMPTS = """
import json, mmap, os, socket, sys, threading
from services.worker.sandbox.child import confinement, landlock, seccomp
kind, readable = sys.argv[1], os.open("/etc/passwd", os.O_RDONLY)
server = socket.create_server(("127.0.0.1", 0))
there = server.getsockname()

def tried(action):
    try:
        action()
    except OSError as error:
        return error.errno
    return 0

def in_thread():
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()

def make_memory():
    file = os.memfd_create("frame", os.MFD_ALLOW_SEALING)
    os.write(file, bytes(1000))
    os.close(file)

def connect():
    with socket.socket() as client:
        client.connect(there)

granted = {}
if kind == "both":
    held = confinement.confine(memory_bytes=0, frame_bytes=1 << 20)
    granted = {"landlock": held.landlock, "seccomp": held.seccomp}
else:
    confinement._prctl(38, 1)
    granted = {"landlock": landlock.restrict()} if kind == "landlock" else {"seccomp": seccomp.restrict()}
print(json.dumps(granted | {
    "read what is open": tried(lambda: os.pread(readable, 5, 0)),
    "memory": tried(make_memory),
    "thread": tried(in_thread),
    "open": tried(lambda: os.open("/etc/passwd", os.O_RDONLY)),
    "create": tried(lambda: os.open("/tmp/darkroom-confined", os.O_CREAT | os.O_WRONLY)),
    "list": tried(lambda: os.listdir("/")),
    "connect": tried(connect),
    "socket": tried(lambda: socket.socket().close()),
    "signal": tried(lambda: os.kill(os.getppid(), 0)),
    "fork": tried(lambda: os.fork() or os._exit(0)),
    "machine code": tried(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)),
}), flush=True)
if kind != "landlock":
    os.execv("/bin/true", ["true"])
"""

ALLOWED = ("read what is open", "memory", "thread")
FILES = ("open", "create", "list")
EPERM, EACCES = 1, 13


def confined(kind: str) -> tuple[dict[str, int], int]:
    """The number of the error of each attempt, 0 for none, and how the process ended."""
    command = [sys.executable, "-c", ATTEMPTS, kind]
    ended = subprocess.run(command, capture_output=True, timeout=30, cwd=ROOT, check=False)
    assert ended.stdout, ended.stderr.decode()
    found: dict[str, int] = json.loads(ended.stdout)
    return found, ended.returncode


def test_both_leave_nothing_but_what_is_open() -> None:
    found, end = confined("both")
    assert found["seccomp"], "every kernel that runs these tests has seccomp"
    assert found["landlock"] == landlock.version()
    assert [found[each] for each in ALLOWED] == [0, 0, 0]
    assert {found[each] for each in (*FILES, "connect", "socket", "signal", "fork", "machine code")} == {
        EPERM
    }
    assert end == -31, "a new program ends it with SIGSYS"


@pytest.mark.parametrize("kind", ["landlock", "seccomp"])
def test_each_alone_keeps_the_files_away(kind: str) -> None:
    found, _ = confined(kind)
    assert [found[each] for each in ALLOWED] == [0, 0, 0]
    refusal = {"landlock": EACCES if found.get("landlock") else 0, "seccomp": EPERM}[kind]
    assert {found[each] for each in FILES} == {refusal}


def test_landlock_alone_keeps_the_network_away_where_it_can() -> None:
    found, _ = confined("landlock")
    assert found["connect"] == (EACCES if found["landlock"] >= 4 else 0)
