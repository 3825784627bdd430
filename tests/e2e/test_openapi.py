"""Whatever a generator makes of the OpenAPI document: never an internal error, and always what the document says."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from common.presets.presets import load_presets
from services.api.openapi.document import document
from services.api.routes import ROUTES
from tests.support.broker.node import BrokerNode
from tests.support.images.drawings import photograph
from tests.support.ports import HOST
from tests.support.processes.stack import running_stack

PRESETS = list(load_presets())
DOCUMENT = json.loads(document(ROUTES, keys=False, presets=PRESETS))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def served(broker: BrokerNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URL of an API that runs, and the id of an image that it has developed."""
    vhost = broker.vhost()
    with running_stack(
        tmp_path_factory.mktemp("openapi"), vhost.url, workers=1, URL_SIGNING_SECRETS="a-secret-of-the-test"
    ) as stack:
        with stack.client() as client:
            image_id = client.upload(photograph(320, 240))
            client.wait_completed(image_id)
        yield f"http://{HOST}:{stack.api.port}", image_id
    vhost.close()


def test_the_document_that_is_tried_is_the_one_that_is_served(served: tuple[str, str]) -> None:
    assert httpx.get(f"{served[0]}/openapi.json").json() == DOCUMENT


@SCHEMA.parametrize()
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_every_answer_is_as_documented(case: schemathesis.Case[Any], served: tuple[str, str]) -> None:
    url, image_id = served
    case.call_and_validate(base_url=url, checks=CHECKS)
    if "image_id" in case.path_parameters and case.method != "DELETE":
        case.path_parameters |= {"image_id": image_id, "output": "large"}
        case.call_and_validate(base_url=url, checks=CHECKS)
