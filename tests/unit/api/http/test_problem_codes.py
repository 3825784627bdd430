"""The table of problem codes: whole, used, and readable for errors of every service library."""

import re
from http import HTTPStatus
from pathlib import Path

import pytest

import services.api
from common.errors import TransientError
from services.api.http.problem_codes import ProblemCode, codes_by_status, markdown_table
from services.api.http.problems import Problem
from tests.support.http.api import Api


def transient_errors(kind: type[TransientError] = TransientError) -> list[type[TransientError]]:
    """Those of the libraries: a worker's own never reach the API."""
    kinds = [each for each in kind.__subclasses__() if each.__module__.startswith("common.")]
    return [kind, *(each for below in kinds for each in transient_errors(below))]


@pytest.mark.parametrize("row", ProblemCode, ids=lambda row: row.code)
def test_each_row_is_a_refusal_with_a_status_of_http(row: ProblemCode) -> None:
    assert HTTPStatus(row.status).value >= 400
    assert row.title[0].isupper()
    assert not row.title.endswith(".")
    assert ProblemCode.from_code(row.code) is row


def test_each_row_is_raised_somewhere() -> None:
    sources = "\n".join(path.read_text() for path in Path(services.api.__file__).parent.rglob("*.py"))
    raised = set(re.findall(r"\bProblemCode\.([A-Z_]+)", sources))
    told = {kind.code.upper() for kind in transient_errors()}

    assert {row.name for row in ProblemCode} == raised | told


def test_each_transient_error_has_a_row() -> None:
    for kind in transient_errors():
        assert ProblemCode.from_code(kind.code).status in (503, 507)


async def test_an_answer_says_what_the_table_says(api: Api) -> None:
    answer = await api.http.get("/nowhere")

    assert answer.status_code == 404
    assert answer.json() == {
        "type": "urn:problem-type:darkroom:not_found",
        "title": ProblemCode.NOT_FOUND.title,
        "status": 404,
        "code": "not_found",
        "detail": "Not Found",
    }


def test_a_problem_takes_status_and_code_from_its_row() -> None:
    problem = Problem(ProblemCode.RATE_LIMITED, "slower, please", limit=3)

    assert (problem.status, problem.code, str(problem)) == (429, "rate_limited", "slower, please")
    assert b'"limit":3' in bytes(problem.response().body)


def test_the_manuals_table_has_every_code_once_ordered_by_status() -> None:
    statuses = [int(text) for text in re.findall(r"^\| (\d{3}) \|", markdown_table(), re.MULTILINE)]
    codes = re.findall(r"`(\w+)`", markdown_table())

    assert statuses == sorted(statuses)
    assert sorted(codes) == sorted(row.code for row in ProblemCode)
    assert list(codes_by_status()) == sorted({row.status for row in ProblemCode})
