"""Helps the endpoints on many images: cursors, the bound on what one request examines, and ownership."""

from typing import Final

from starlette.requests import Request

from common.model import image_ids
from common.model.records import Record
from services.api.auth.authentication import principal_of
from services.api.dependencies import dependencies_of
from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem

MAX_EXAMINED: Final = 1000  # records a request looks at: a rare status must not make it read the whole store
TIMESTAMP_PREFIX_LENGTH: Final = 24  # of an id's characters; images that have these in common are on one page


def opaque_cursor(image_id: str) -> str:
    """Return a cursor that leads to all images of this one's moment and before.

    The image itself may belong to another owner, to whom alone its id is shown.
    """
    return image_id[:TIMESTAMP_PREFIX_LENGTH] + "f" * 12


def read_cursor(text: str | None) -> str | None:
    """Return the cursor of a request. Raises Problem 422 for what is none."""
    if text is not None and not image_ids.is_valid(text):
        raise invalid_parameter("cursor", "the next_cursor of an answer before")
    return text


def invalid_parameter(parameter: str, allowed: str) -> Problem:
    """Return the problem of a query parameter that is not as it is allowed."""
    return Problem(ProblemCode.INVALID_PARAMETER, f"{parameter} must be {allowed}", parameter=parameter)


async def own_record(request: Request) -> Record:
    """Return the record of the image in the path. Raises Problem 404 when there is none, or it is somebody else's."""
    services = dependencies_of(request)
    principal = principal_of(request)
    image_id = request.path_params["image_id"]
    return principal.require(
        await services.stores.images.read(image_id) if image_ids.is_valid(image_id) else None
    )
