"""The version stands in one place, common/__init__.py."""

import json
import tomllib
from pathlib import Path

from common import __version__
from services.api.openapi.document import document


def test_the_openapi_document_has_the_version() -> None:
    assert json.loads(document((), keys=False, presets=[]))["info"]["version"] == __version__


def test_pyproject_reads_the_version_from_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())

    assert "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "common.__version__"}
