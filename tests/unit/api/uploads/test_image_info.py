"""What the inspection refuses becomes a problem that names the limit."""

from io import BytesIO

import pytest

from common.formats.format_detection import detect_format
from common.inspection.limits import ImageLimits
from services.api.http.problems import Problem
from services.api.uploads.image_info import check_image
from tests.support.images.hostile import HOSTILE
from tests.support.images.samples import SOUND


def check(data: bytes) -> None:
    spec = detect_format(data)
    assert spec is not None
    check_image(BytesIO(data), spec, ImageLimits())


@pytest.mark.parametrize(
    "name, code, limit",
    [
        ("png of 81 megapixels", "image_too_large", 52_000_000),
        ("gif of frames far outside", "image_too_large", 250_000_000),
        ("jpeg of 20000 empty scans", "image_too_complex", 100),
    ],
)
def test_a_bomb_is_a_problem_with_the_limit(name: str, code: str, limit: int) -> None:
    with pytest.raises(Problem) as caught:
        check(HOSTILE[name]().data)
    assert (caught.value.status, caught.value.code) == (422, code)
    assert caught.value.members == {"limit": limit}


def test_sound_and_damaged_files_pass() -> None:
    data = SOUND["avif"]().data
    check(data)
    check(data[:100])
