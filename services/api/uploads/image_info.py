"""Refuses at upload what no worker would decode: the same inspection, with the same limits, as before decoding."""

from typing import BinaryIO

from common.errors import ImageTooComplexError, ImageTooLargeError
from common.formats.format_specs import FormatSpec
from common.inspection.inspect import inspect_image
from common.inspection.limits import ImageLimits, check_limits
from services.api.http.problem_codes import ProblemCode
from services.api.http.problems import Problem


def check_image(file: BinaryIO, spec: FormatSpec, limits: ImageLimits) -> None:
    """Inspect a complete file of a known format; damaged bytes pass, since finding them out is the worker's part.

    Raises Problem 422 `image_too_large` or `image_too_complex`, which names the number and the limit.
    """
    try:
        check_limits(inspect_image(file, spec, limits), limits)
    except ImageTooLargeError as error:
        raise Problem(ProblemCode.IMAGE_TOO_LARGE, str(error), limit=error.limit) from error
    except ImageTooComplexError as error:
        raise Problem(ProblemCode.IMAGE_TOO_COMPLEX, str(error), limit=error.limit) from error
