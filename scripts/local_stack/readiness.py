"""Waits until the processes of the run without Docker are ready, or says why they are not; standard library only."""

import http.client
import sys
import time
from collections.abc import Mapping

from scripts.local_stack.configuration import LOGS, ROOT, health_ports
from scripts.local_stack.supervisor import Supervisord

READY_WITHIN_SECONDS = 90
# A process that keeps ending at once does not get better by waiting any longer.
CRASHING_FOR_SECONDS = 12


def wait_until_ready(supervisord: Supervisord, values: Mapping[str, str]) -> bool:
    """Wait until every process is ready, and return True.

    When waiting any longer is no use, explain which processes are not ready, and return False.
    """
    started, crashing_since, shown = time.monotonic(), dict[str, float](), ""
    while True:
        unready = _unready(supervisord, values)
        seconds = time.monotonic() - started
        crashing_since = {
            name: crashing_since.get(name, seconds)
            for name, state in unready.items()
            if name in crashing_since or state in ("BACKOFF", "FATAL")
        }
        shown = _progress(unready, seconds, shown)
        if not unready:
            return True
        in_vain = any(seconds - since > CRASHING_FOR_SECONDS for since in crashing_since.values())
        if in_vain or seconds > READY_WITHIN_SECONDS:
            _explain(unready)
            return False
        time.sleep(0.25)


def _unready(supervisord: Supervisord, values: Mapping[str, str]) -> dict[str, str]:
    """Return the processes that are not ready yet, each with its state."""
    ports = health_ports(values)
    states = {name: info["statename"] for name, info in supervisord.processes().items()}
    missing = {name: state for name, state in states.items() if state != "RUNNING"}
    silent = {name: "not ready" for name, port in ports.items() if name not in missing and not is_ready(port)}
    return {**missing, **silent}


def is_ready(port: int) -> bool:
    """Ask `/readyz` on this port; return whether the process is ready."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _progress(unready: Mapping[str, str], seconds: float, shown: str) -> str:
    """Print and return what is waited for.

    On a terminal it is one line that is overwritten; elsewhere a line is printed when it differs from `shown`.
    """
    text = "waiting for " + ", ".join(unready) if unready else ""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{text}{f' ({seconds:.0f} s)' if text else ''}", end="", flush=True)
    elif text and text != shown:
        print(text, flush=True)
    return text


def _explain(unready: Mapping[str, str]) -> None:
    print(
        "\nNot ready: " + ", ".join(f"{name} ({state})" for name, state in unready.items()), file=sys.stderr
    )
    for name in unready:
        path = LOGS / f"{name}.log"
        lines = path.read_text(errors="replace").splitlines()[-15:] if path.exists() else []
        print(f"--- {path.relative_to(ROOT)}", *lines, sep="\n", file=sys.stderr)
    print("What runs is left running: make down stops it.", file=sys.stderr)
