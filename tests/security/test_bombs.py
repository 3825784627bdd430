"""Tests that a small file which would cost much costs little: at upload, and in a worker."""

import sys
from pathlib import Path

import pytest

from tests.security.bombs import BOMBS
from tests.security.cost import cost

MOST = 60 * 1024**2
NAMED = ["png of 81 megapixels", "gif of 401 frames"]
DEVELOPED = {
    "png of a huge compressed text",
    "png of twenty huge compressed texts",
    "png of a huge compressed international text",
    "png of a huge compressed profile",
    "tiff that is its own next page",
}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")


@pytest.mark.parametrize("name", NAMED)
def test_a_well_known_bomb_is_refused_at_upload(name: str, tmp_path: Path) -> None:
    found = cost(BOMBS[name](), "api", tmp_path)

    assert found.outcome == "image_too_large"
    assert found.memory < MOST


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_a_worker_little(name: str, tmp_path: Path) -> None:
    found = cost(BOMBS[name](), "worker", tmp_path)

    assert found.memory < MOST
    expected = (
        {"developed"} if name in DEVELOPED else {"image_too_large", "image_too_complex", "corrupt_image"}
    )
    assert found.outcome in expected
