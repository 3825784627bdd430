import asyncio

import pytest

from common import __version__
from common.runtime.entry_point import EXIT_USAGE, run_service
from common.runtime.settings import CommonSettings


async def never(_: CommonSettings, __: asyncio.Event) -> int:
    raise AssertionError("the service must not start")


def test_help_prints_the_settings_and_starts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_service("worker", CommonSettings, never, arguments=["--help"], environment={}) == 0

    assert "  AMQP_URL=amqp://" in capsys.readouterr().out


def test_version_prints_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_service("worker", CommonSettings, never, arguments=["--version"], environment={}) == 0

    assert capsys.readouterr().out == f"darkroom {__version__}\n"


@pytest.mark.parametrize("arguments", [["--port", "1"], ["up"], ["--help", "x"]])
def test_unknown_arguments_are_refused_in_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_service("worker", CommonSettings, never, arguments=arguments, environment={}) == EXIT_USAGE

    complaint = capsys.readouterr().err
    assert complaint.startswith("darkroom: unknown arguments ")
    assert complaint.count("\n") == 1
