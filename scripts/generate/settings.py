"""Makes docker/settings.env, .env.example and the tables of docs/configuration.md from the fields of the settings."""

from collections.abc import Iterable, Iterator
from typing import Final

from common.runtime.settings import CommonSettings
from common.runtime.settings_reference import SettingReference, describe_settings
from scripts.generate.artifacts import ROOT, Artifact, markdown_table, page_with
from scripts.run_variables import DOCKER_VARIABLES, LOCAL_VARIABLES, RUN_VARIABLES, RunVariable
from services.api.settings import ApiSettings
from services.notifications.settings import NotificationSettings
from services.worker.settings import WorkerSettings

SERVICES: Final[dict[str, type[CommonSettings]]] = {
    "the API": ApiSettings,
    "the workers": WorkerSettings,
    "the notification service": NotificationSettings,
}
# compose.yaml and scripts/local_stack give these to each process themselves.
SET_BY_THE_RUN: Final = frozenset(
    {"AMQP_URL", "ALLOW_DEFAULT_PASSWORD", "STORE_ROOT", "API_HOST", "API_PORT", "HEALTH_HOST", "HEALTH_PORT"}
)
_SETTINGS_ENV_HEAD: Final = """\
# Made by `make generate` from the settings of the services: do not edit.
# `make up` hands these on from your environment or from a file .env beside compose.yaml, in both ways of running:
# MAX_UPLOAD_BYTES=1000000 make up. A name without a value is passed as it is.
"""
_EXAMPLE_HEAD: Final = """\
# Made by `make generate`: do not edit. Copy it to .env, and take the # away from what you want to change.
# docs/configuration.md says the same in a table.
"""


def settings_artifacts() -> tuple[Artifact, ...]:
    """Return the files and the page that are made from the settings."""
    return (
        Artifact(
            ROOT / "docker/settings.env", _SETTINGS_ENV_HEAD + "".join(f"{name}\n" for name in _passed_on())
        ),
        Artifact(ROOT / ".env.example", _example()),
        page_with(
            ROOT / "docs/configuration.md", {"settings": _settings_tables(), "run variables": _run_tables()}
        ),
    )


def settings_by_reader() -> dict[str, list[SettingReference]]:
    """Return every setting once, under the services that read it, such as `the API and the workers`."""
    found: dict[SettingReference, list[str]] = {}
    for service, kind in SERVICES.items():
        for each in describe_settings(kind):
            found.setdefault(each, []).append(service)
    grouped: dict[str, list[SettingReference]] = {}
    for each, services in found.items():
        grouped.setdefault(
            "all services" if len(services) == len(SERVICES) else " and ".join(services), []
        ).append(each)
    return grouped


def _passed_on() -> Iterator[str]:
    for group in settings_by_reader().values():
        yield from (each.variable for each in group if each.variable not in SET_BY_THE_RUN)


def _settings_tables() -> str:
    """Return one table a group of services, since an operator looks settings up by service."""
    return "\n".join(
        f"### Read by {reader}\n\n"
        + markdown_table(("variable", "default", "allowed", "meaning"), map(_row, group))
        for reader, group in settings_by_reader().items()
    )


def _row(setting: SettingReference) -> tuple[str, ...]:
    default = f"`{setting.default}`" if setting.default else "none"
    return (f"`{setting.variable}`", default, setting.allowed, setting.meaning)


def _run_tables() -> str:
    return "\n".join(
        f"### {title}\n\n"
        + markdown_table(
            ("variable", "default", "meaning"),
            ((f"`{each.name}`", f"`{each.default}`", each.meaning) for each in variables),
        )
        for title, variables in _run_groups()
    )


def _run_groups() -> tuple[tuple[str, tuple[RunVariable, ...]], ...]:
    return (
        ("With and without Docker", RUN_VARIABLES),
        ("With Docker only", DOCKER_VARIABLES),
        ("Without Docker only", LOCAL_VARIABLES),
    )


def _example() -> str:
    run = (
        (title, ((each.name, each.default, each.meaning, "") for each in variables))
        for title, variables in _run_groups()
    )
    read = (
        (
            f"Settings read by {reader}",
            (
                (each.variable, each.default, each.meaning, each.allowed)
                for each in group
                if each.variable not in SET_BY_THE_RUN
            ),
        )
        for reader, group in settings_by_reader().items()
    )
    return _EXAMPLE_HEAD + "".join(_example_section(title, entries) for title, entries in (*run, *read))


def _example_section(title: str, entries: Iterable[tuple[str, str, str, str]]) -> str:
    lines = [f"\n# --- {title}\n"]
    for name, default, meaning, allowed in entries:
        lines.append(f"\n# {meaning}{f' Allowed: {allowed}.' if allowed else ''}\n# {name}={default}\n")
    return "".join(lines)
