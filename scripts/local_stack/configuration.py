"""Reads the settings of the run without Docker, and makes the environment and the files of supervisord from them."""

import hashlib
import math
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from string import Template
from urllib.parse import quote

from scripts.dotenv import read_dotenv
from scripts.run_variables import LOCAL_VARIABLES, RUN_VARIABLES

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "var/log"
RUN = ROOT / "var/run"
# What a running stack was started with; a difference means that it has to be started again.
_SOURCES = (
    "common/**/*.py",
    "services/**/*.py",
    "common/**/*.toml",
    "requirements-local.txt",
    "scripts/local_stack/*.conf",
    "docker/*.conf",
)
_DEFAULTS = {
    **{each.name: each.default for each in (*RUN_VARIABLES, *LOCAL_VARIABLES)},
    # The default of the setting, which this process cannot import: it runs before the packages are installed.
    "SHUTDOWN_GRACE_SECONDS": "25",
}
_DEFAULTS["STORE_ROOT"] = str(ROOT / _DEFAULTS["STORE_ROOT"])
_NUMBERS = [name for name in _DEFAULTS if name.endswith("_PORT")] + ["WORKERS"]


class SetupError(Exception):
    """Something cannot be done; the message says why to the person who runs the command."""


def settings() -> dict[str, str]:
    """Return the variables of the run: from the environment, else from .env, else the defaults.

    Raises SetupError when a port or the number of workers is no whole number.
    """
    given = {name: value for name, value in os.environ.items() if value}
    values = {**_DEFAULTS, **read_dotenv(ROOT / ".env"), **given}
    for name in _NUMBERS:
        if not values[name].isdecimal():
            raise SetupError(f"{name}={values[name]} is not a whole number.")
    return values


def environment(values: Mapping[str, str], control_socket: str) -> dict[str, str]:
    """Return the environment that supervisord hands on to the processes."""
    user, password = (quote(values[name], safe="") for name in ("RABBITMQ_USER", "RABBITMQ_PASSWORD"))
    return {
        **values,
        "AMQP_URL": f"amqp://{user}:{password}@127.0.0.1:{values['RABBITMQ_PORT']}/",
        "HEALTH_HOST": "127.0.0.1",
        "PYTHONUNBUFFERED": "1",
        "RABBITMQ_NODE_PORT": values["RABBITMQ_PORT"],
        "RABBITMQ_DEFAULT_USER": values["RABBITMQ_USER"],
        "RABBITMQ_DEFAULT_PASS": values["RABBITMQ_PASSWORD"],
        "RABBITMQ_LOGS": "-",
        "DARKROOM_SOCKET": control_socket,
        # A process that still drains must not be killed.
        "DARKROOM_STOP_SECONDS": str(_seconds(values["SHUTDOWN_GRACE_SECONDS"]) + 10),
    }


def fingerprint(values: Mapping[str, str]) -> str:
    """Return a digest of settings and code: another one means a restart. The number of workers is not part of it."""
    digest = hashlib.sha256()
    for name in sorted({*_DEFAULTS, *_passed_on()} - {"WORKERS"}):
        digest.update(f"{name}={values.get(name, '')}\0".encode())
    for path in sorted(path for pattern in _SOURCES for path in ROOT.glob(pattern)):
        digest.update(path.read_bytes())
    presets = ROOT / values["PRESETS_FILE"] if values.get("PRESETS_FILE") else None
    if presets is not None and presets.is_file():
        digest.update(presets.read_bytes())
    return digest.hexdigest()


def health_ports(values: Mapping[str, str]) -> dict[str, int]:
    """Return the port of `/readyz` of each process that serves HTTP, by name."""
    first = int(values["WORKER_HEALTH_PORT"])
    workers = {f"worker-{n + 1}": first + n for n in range(int(values["WORKERS"]))}
    return {
        "api": int(values["API_HEALTH_PORT"]) or int(values["API_PORT"]),
        **workers,
        "notifications": int(values["NOTIFICATIONS_HEALTH_PORT"]),
    }


def write_workers(values: Mapping[str, str]) -> None:
    """Write a section for each worker into supervisord's configuration: their number can change while they run."""
    template = Template((ROOT / "scripts/local_stack/worker.conf").read_text())
    sections = [
        template.substitute(number=name.removeprefix("worker-"), health_port=port)
        for name, port in health_ports(values).items()
        if name.startswith("worker-")
    ]
    (RUN / "workers.conf").write_text("\n".join(sections))


def check_ports(values: Mapping[str, str]) -> None:
    """Raise SetupError when another program holds a port; it names the port and the variable to change."""
    wanted = {name: int(values[name]) for name in _DEFAULTS if name.endswith("_PORT")}
    for variable, port in wanted.items():
        if not _is_free(port):
            message = f"Port {port} is in use by another program. Free it, or choose another one: {variable}={port + 1}"
            raise SetupError(f"{message} make up")
    for name, port in health_ports(values).items():
        if name.startswith("worker-") and not _is_free(port):
            raise SetupError(
                f"Port {port} ({name}'s health check) is in use. Choose others: WORKER_HEALTH_PORT=9200 make up"
            )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Connections that only linger after their end do not hold a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _seconds(text: str) -> int:
    try:
        return math.ceil(float(text))
    except (ValueError, OverflowError):
        raise SetupError(f"SHUTDOWN_GRACE_SECONDS={text} is not a number of seconds.") from None


def _passed_on() -> list[str]:
    lines = (ROOT / "docker/settings.env").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]
