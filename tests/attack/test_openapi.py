"""The document of the interface as an attack: requests that fit it and that nearly do, by schemathesis."""

from typing import Any

import msgspec
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.api import openapi
from tests.attack.target import Target
from tests.support.ports import HOST

DOCUMENT = msgspec.json.decode(openapi.document(keys=False, presets=["default", "avatar", "thumbnails"]))
interface = schemathesis.openapi.from_dict(DOCUMENT)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_the_document_that_is_attacked_is_the_one_that_is_served(target: Target) -> None:
    assert target.http.get("/openapi.json").json() == DOCUMENT


@interface.parametrize()
@settings(
    max_examples=30,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)
def test_every_request_is_answered_as_the_document_says(target: Target, case: Case[Any]) -> None:
    case.call_and_validate(base_url=f"http://{HOST}:{target.stack.api.port}", checks=CHECKS)
