"""Starts a service as a process: its arguments, its settings, its log, and then its life."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar

import structlog

from common import __version__
from common.errors import ConfigurationError
from common.runtime import lifecycle, logging_setup, settings
from common.runtime.settings import CommonSettings
from common.runtime.settings_reference import help_text

EXIT_USAGE: Final = 64  # EX_USAGE of sysexits.h

_Settings = TypeVar("_Settings", bound=CommonSettings)


def run_service(
    name: str,
    kind: type[_Settings],
    run: Callable[[_Settings, asyncio.Event], Awaitable[int]],
    *,
    arguments: Sequence[str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run the service `name` until it ends, and return the exit code of the process.

    `kind` is the struct of its settings, read from `environment` (this process's, unless given). `run` is given the
    settings and an event that is set when the process is asked to stop. `arguments` are those of the command line.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if given:
        return _answer(name, kind, given)
    try:
        configured = settings.load(kind, os.environ if environment is None else environment)
    except ConfigurationError as error:
        return lifecycle.exit_with_config_error(error)
    logging_setup.configure_logging(name, configured.log_level)
    structlog.get_logger(__name__).info("service.starting", version=__version__)
    return lifecycle.run(partial(run, configured))


def _answer(name: str, kind: type[CommonSettings], arguments: Sequence[str]) -> int:
    """Print the help or the version, or say in one line that the arguments are unknown; return the exit code."""
    if tuple(arguments) in {("--help",), ("-h",)}:
        sys.stdout.write(help_text(name, kind))
        return 0
    if tuple(arguments) == ("--version",):
        sys.stdout.write(f"darkroom {__version__}\n")
        return 0
    sys.stderr.write(
        f"darkroom: unknown arguments {' '.join(arguments)!r}: python -m services.{name} --help lists the settings\n"
    )
    sys.stderr.flush()
    return EXIT_USAGE
