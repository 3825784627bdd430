"""Which of several formats a client gets."""

import pytest
from msgspec import structs

from common.model.records import OutputRecord
from common.model.reports import OutputReport
from services.api.http.content_negotiation import negotiate

FORMATS = {"avif": "image/avif", "webp": "image/webp", "jpeg": "image/jpeg"}


def made(*formats: str) -> list[OutputRecord]:
    return [
        OutputRecord(
            name="large",
            filename=f"large.{kind}",
            url="",
            media_type=FORMATS[kind],
            width=1,
            height=1,
            bytes=1,
            report=OutputReport(format="jpeg"),
        )
        for kind in formats
    ]


CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
OLD_SAFARI = "image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5"


@pytest.mark.parametrize(
    "accept, expected",
    [
        (CHROME, "avif"),
        (OLD_SAFARI, "jpeg"),
        ("", "jpeg"),
        ("*/*", "jpeg"),
        ("image/webp,*/*", "webp"),
        ("image/webp;q=0.9, image/avif;q=0.5", "webp"),
        ("IMAGE/AVIF ; Q=1", "avif"),
        ("image/avif;q=0, */*", "jpeg"),
        ("image/jpeg;q=0, */*", "webp"),
        ("text/html", "jpeg"),
        ("image/jpeg;q=0, image/webp;q=0, image/avif;q=0", "jpeg"),
        ("image/avif;q=two, image/webp;q=nan", "jpeg"),
        (",;,q=1;;", "jpeg"),
    ],
)
def test_the_best_that_is_named_else_the_most_widely_understood(accept: str, expected: str) -> None:
    assert negotiate(accept, made("avif", "webp", "jpeg")).filename == f"large.{expected}"


def test_of_equals_the_recipe_s_first_is_taken() -> None:
    assert negotiate(CHROME, made("webp", "avif")).filename == "large.webp"


def test_a_single_file_is_served_whatever_is_accepted() -> None:
    assert negotiate("image/jpeg", made("avif")).filename == "large.avif"


def test_a_format_that_is_no_longer_made_is_served_after_those_that_are() -> None:
    stored = [structs.replace(made("webp")[0], filename="large.jxl", media_type="image/jxl"), *made("webp")]
    assert negotiate("*/*", stored).filename == "large.webp"
    assert negotiate("*/*", stored[:1]).filename == "large.jxl"
