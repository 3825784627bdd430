"""The run without Docker: `python -m scripts.local_stack up|down|logs|status`; standard library only.

The processes of compose.yaml run under supervisord with a RabbitMQ node of their own; all that they write is in var/.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from scripts.local_stack.configuration import (
    LOGS,
    ROOT,
    RUN,
    SetupError,
    check_ports,
    environment,
    fingerprint,
    health_ports,
    settings,
    write_workers,
)
from scripts.local_stack.readiness import is_ready, wait_until_ready
from scripts.local_stack.supervisor import Supervisord

# What runs was started with these; what `make up` finds changed, it starts again.
RUNNING = RUN / "running.json"


def up(supervisord: Supervisord) -> int:
    """Start everything, or change what runs, and wait until it is ready; return the exit code."""
    started = time.monotonic()
    if os.environ.get("RUN_CHOSEN_BY") == "file" and not supervisord.pid:
        print("No Docker engine answers: the same processes run here under supervisord.")
    values = settings()
    for step in (["scripts/venv", "requirements-local.txt"], ["scripts/install-rabbitmq"]):
        if subprocess.run(step, cwd=ROOT, check=False).returncode:
            return 1
    _start_or_change(supervisord, values)
    if not wait_until_ready(supervisord, values):
        return 1
    _print_addresses(values, time.monotonic() - started)
    return 0


def down(supervisord: Supervisord) -> int:
    """Stop everything, also what a supervisord that was killed has left; return the exit code."""
    if supervisord.pid:
        print("Stopping; jobs in progress may end first.", flush=True)
        supervisord.shut_down()
    supervisord.end_orphans()
    print("Stopped. Images and queue are kept in var/.")
    return 0


def logs(_: Supervisord) -> int:
    """Follow the logs of SERVICE, or of all; this process becomes `tail`. Raises SetupError when there are none."""
    service = os.environ.get("SERVICE", "")
    files = sorted(path.name for path in LOGS.glob(f"{service}*.log"))
    if not files:
        raise SetupError(f"There is no log of {service or 'anything'} in {LOGS}.")
    os.chdir(LOGS)
    os.execvp("tail", ["tail", "-n", "50", "-F", *files])  # noqa: S606 - tail's arguments are file names found here


def status(supervisord: Supervisord) -> int:
    """Print each process with its state; return the exit code."""
    if not supervisord.pid:
        print("Not running: make up starts it.")
        return 0
    ports = json.loads(RUNNING.read_text())["health_ports"]
    for name, info in supervisord.processes().items():
        ready = "" if name not in ports else "ready" if is_ready(ports[name]) else "not ready"
        print(f"{name:14} {info['statename']:9} {ready:10} {info['description']}")
    return 0


def _start_or_change(supervisord: Supervisord, values: Mapping[str, str]) -> None:
    for folder in (LOGS, RUN, Path(values["STORE_ROOT"])):
        folder.mkdir(parents=True, exist_ok=True)
    now = fingerprint(values)
    same = supervisord.pid and RUNNING.exists() and json.loads(RUNNING.read_text())["fingerprint"] == now
    write_workers(values)
    if same:
        supervisord.apply_configuration()
    else:
        _start(supervisord, values)
    RUNNING.write_text(json.dumps({"fingerprint": now, "health_ports": health_ports(values)}))


def _start(supervisord: Supervisord, values: Mapping[str, str]) -> None:
    if supervisord.pid:
        print("Settings or code have changed: starting again.", flush=True)
        supervisord.shut_down()
    supervisord.end_orphans()
    check_ports(values)
    started = subprocess.run(
        [str(ROOT / ".venv/bin/supervisord"), "-c", str(ROOT / "scripts/local_stack/supervisord.conf")],
        cwd=ROOT,
        env=environment(values, supervisord.socket),
        check=False,
        capture_output=True,
        text=True,
    )
    if started.returncode:
        raise SetupError(f"supervisord does not start:\n{started.stdout}{started.stderr}")


def _print_addresses(values: Mapping[str, str], seconds: float) -> None:
    print(f"""Darkroom is ready after {seconds:.1f} s, with {values["WORKERS"]} workers.
  upload         curl -F "file=@photo.jpg" http://127.0.0.1:{values["API_PORT"]}/upload    (or: make demo)
  RabbitMQ page  http://127.0.0.1:{values["RABBITMQ_MANAGEMENT_PORT"]}    (user {values["RABBITMQ_USER"]})
  images         {values["STORE_ROOT"]}
  logs           {LOGS}    (or: make logs)""")


def main() -> int:
    """Run the command that the arguments name; return the exit code."""
    commands = {"up": up, "down": down, "logs": logs, "status": status}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:  # noqa: PLR2004 - the program's name and one command
        print(f"usage: python -m scripts.local_stack {'|'.join(commands)}", file=sys.stderr)
        return 2
    try:
        return commands[sys.argv[1]](Supervisord(ROOT))
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
