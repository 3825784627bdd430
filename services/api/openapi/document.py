"""Makes the OpenAPI 3.1 document of the route table; schemas are generated from the structs that are exchanged."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol

import msgspec

from common import __version__
from common.recipes.recipe import Recipe
from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import PROBLEM_MEDIA_TYPE
from services.api.openapi.operation import BINARY, JSON, Answer, Json, Parameter, reference
from services.api.openapi.schemas import ProblemDetails

_SCHEMES: Final[Json] = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key."},
    "signed_url": {
        "type": "apiKey",
        "in": "query",
        "name": "signature",
        "description": "A signed URL, used exactly as `POST /signatures` gave it.",
    },
}


class DocumentedRoute(Protocol):
    """What the document is made of: a row of the route table."""

    @property
    def path(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def operation_id(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def parameters(self) -> Sequence[Parameter]: ...
    @property
    def body(self) -> Mapping[str, Any] | type | None: ...
    @property
    def answers(self) -> Mapping[int, Answer]: ...
    @property
    def problems(self) -> Sequence[ProblemCode]: ...
    @property
    def credentials(self) -> Sequence[str]: ...
    @property
    def internal(self) -> bool: ...


def document(routes: Iterable[DocumentedRoute], *, keys: bool, presets: list[str]) -> bytes:
    """Return the document of the routes that are not internal, as JSON; with `keys` it says which need one."""
    routes = [route for route in routes if not route.internal]
    paths: Json = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, keys=keys)
    openapi: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "Darkroom",
            "version": __version__,
            "description": "Takes images, develops them in the background, and tells what became of them.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": _schemas(routes, presets)}
        | ({"securitySchemes": _SCHEMES} if keys else {}),
    }
    return msgspec.json.encode(openapi)


def _schemas(routes: Iterable[DocumentedRoute], presets: list[str]) -> Json:
    structs: dict[type, None] = {Recipe: None, ProblemDetails: None}
    for route in routes:
        if isinstance(route.body, type):
            structs[route.body] = None
        structs |= dict.fromkeys(struct for answer in route.answers.values() for struct in answer.structs)
    _, schemas = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    schemas["PresetName"] = {"type": "string", "enum": presets, "description": "A preset's name."}
    schemas["ProblemCode"] = {"type": "string", "enum": [row.code for row in ProblemCode]}
    schemas["ProblemDetails"]["properties"]["code"] = reference("ProblemCode")
    return schemas


def _operation(route: DocumentedRoute, *, keys: bool) -> Json:
    answers = {str(status): _answer(answer) for status, answer in route.answers.items()}
    operation: Json = {
        "operationId": route.operation_id,
        "summary": route.summary,
        "responses": answers | _problems(route.problems),
    }
    if route.parameters:
        operation["parameters"] = [_parameter(each) for each in route.parameters]
    if route.body is not None:
        bodies = {JSON: reference(route.body.__name__)} if isinstance(route.body, type) else route.body
        operation["requestBody"] = {"required": True, "content": _content(bodies)}
    if keys:
        operation["security"] = [{name: []} for name in route.credentials]
    return operation


def _answer(answer: Answer) -> Json:
    response: Json = {"description": answer.description}
    if isinstance(answer.content, str):
        response["content"] = _content({answer.content: BINARY})
    elif answer.structs:
        references = [reference(struct.__name__) for struct in answer.structs]
        response["content"] = _content(
            {JSON: references[0] if len(references) == 1 else {"oneOf": references}}
        )
    if answer.headers:
        response["headers"] = {name: {"schema": {"type": "string"}} for name in answer.headers}
    return response


def _content(schemas: Mapping[str, Any]) -> Json:
    return {media_type: {"schema": schema} for media_type, schema in schemas.items()}


def _problems(rows: Iterable[ProblemCode]) -> Json:
    by_status: dict[int, list[ProblemCode]] = {}
    for row in rows:
        by_status.setdefault(row.status, []).append(row)
    return {str(status): _refusal(status, by_status[status]) for status in sorted(by_status)}


def _refusal(status: int, rows: list[ProblemCode]) -> Json:
    told = "; ".join(f"`{row.code}`: {row.title}" for row in dict.fromkeys(rows))
    return {
        "description": f"{HTTPStatus(status).phrase}. {told}.",
        "content": _content({PROBLEM_MEDIA_TYPE: reference("ProblemDetails")}),
    }


def _parameter(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "schema": parameter.schema,
    }
