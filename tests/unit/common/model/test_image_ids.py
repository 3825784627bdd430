from datetime import UTC, datetime, timedelta

import pytest

from common.model import image_ids
from common.model.records import now


def test_a_new_id_is_valid_and_ids_rise_strictly() -> None:
    made = [image_ids.new() for _ in range(2000)]

    assert all(image_ids.is_valid(each) for each in made)
    assert made == sorted(set(made))


def test_an_id_tells_when_it_was_made() -> None:
    before = now() - timedelta(milliseconds=1)

    moment = image_ids.received_at(image_ids.new())

    assert before <= moment <= now()
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "0192a1b2-c3d4-4e5f-8a9b-0123456789ab",  # version 4
        "0192a1b2-c3d4-7e5f-ca9b-0123456789ab",  # another variant
        "0192A1B2-C3D4-7E5F-8A9B-0123456789AB",
        "0192a1b2c3d47e5f8a9b0123456789ab",
        "{0192a1b2-c3d4-7e5f-8a9b-0123456789ab}",
        "0192a1b2-c3d4-7e5f-8a9b-0123456789ab\n",
        "0192a1b2-c3d4-7e5f-8a9b-0123456789ab/..",
        "../0192a1b2-c3d4-7e5f-8a9b-0123456789ab",
        "0192a1b2-c3d4-7e5f-8a9b-0123456789a\u0660",  # a digit, but not one of ours
        "..",
        "%2e%2e",
    ],
)
def test_nothing_else_is_an_id(text: str) -> None:
    assert not image_ids.is_valid(text)


def test_the_lowest_id_of_a_moment_bounds_what_came_then() -> None:
    moment = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)

    bound = image_ids.lowest_at(moment)

    assert image_ids.is_valid(bound)
    assert image_ids.received_at(bound) == moment
    assert (
        image_ids.lowest_at(now() - timedelta(seconds=1))
        < image_ids.new()
        < image_ids.lowest_at(now() + timedelta(seconds=1))
    )


def test_before_time_began_is_the_lowest_id_of_all() -> None:
    assert image_ids.lowest_at(datetime(1950, 1, 1, tzinfo=UTC)) == "00000000-0000-7000-8000-000000000000"
