"""Hostile files through the running system: each is refused or comes to an end, and nobody is the worse for it."""

from itertools import cycle

import pytest

from tests.security.corpus import MARK, NAMES, corpus
from tests.security.mutations import mutated
from tests.security.target import Outcomes, Target
from tests.support.images.drawings import photograph

CODES = {
    "completed", "corrupt_image", "unsupported_format", "image_too_large", "image_too_complex", "out_of_memory",
    "invalid_recipe",
}  # fmt: skip
REFUSALS = {"unsupported_format", "image_too_large", "image_too_complex", "empty_file"}


@pytest.fixture(scope="module")
def fed(target: Target) -> Outcomes:
    """What became of the whole corpus, under names that never fit."""
    names = cycle(NAMES)
    return target.feed((name, next(names), make()) for name, make in corpus().items())


def test_each_is_refused_or_comes_to_an_end(target: Target, fed: Outcomes) -> None:
    assert not fed.stuck
    assert not fed.unexpected
    assert set(fed.refused) <= REFUSALS
    assert set(fed.ends.values()) <= CODES, fed.ends
    assert fed.refused.total() + len(fed.ends) == len(corpus())
    target.check()


def test_no_bomb_goes_off(fed: Outcomes) -> None:
    ended = {name: end for name, end in fed.ends.items() if name.startswith("bomb:")}

    assert ended, "all were refused at upload, and the worker's own limits were not tried"
    too_large = {name for name in ended if "megapixels" in name or "65535" in name}
    assert all(ended[name] != "completed" for name in too_large), ended


def test_what_is_refused_or_damaged_has_a_reason_without_a_path(target: Target, fed: Outcomes) -> None:
    for name, image_id in fed.ids.items():
        error = target.http.get(f"/status/{image_id}").json()["error"]
        assert (error is None) == (fed.ends[name] == "completed")
        assert error is None or not any(sign in error for sign in ("/", "Traceback", "\\", "<")), (
            name,
            error,
        )


def test_nothing_that_was_hidden_in_an_image_is_in_what_is_made_of_it(target: Target, fed: Outcomes) -> None:
    served = 0
    for name, image_id in fed.ids.items():
        if name.startswith("polyglot:") and fed.ends[name] == "completed":
            assert MARK in corpus()[name](), "there is nothing to lose"
            for output in ("large", "thumbnail"):
                answer = target.http.get(f"/images/{image_id}/{output}")
                served += 1
                assert answer.status_code == 200
                assert MARK not in answer.content
                assert answer.headers["Content-Type"] in ("image/jpeg", "image/webp")
    assert served >= 20, "most polyglots are sound images"


def test_an_original_is_a_download_under_a_name_that_does_no_harm(target: Target, fed: Outcomes) -> None:
    for name, image_id in list(fed.ids.items())[:: len(fed.ids) // 20]:
        answer = target.http.get(f"/images/{image_id}/original")
        assert answer.content == corpus()[name]()
        disposition = answer.headers["Content-Disposition"]
        assert disposition.startswith("attachment; filename")
        assert not any(sign in disposition for sign in ("/", "\\", "\u202e", "\n"))
        assert answer.headers["Content-Type"].startswith("image/")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_seeded_mutations_are_refused_or_come_to_an_end(target: Target) -> None:
    files = (
        (f"seed {seed} ({what})", "photo.jpg", data) for seed in range(200) for what, data in [mutated(seed)]
    )

    outcomes = target.feed(files)

    assert not outcomes.stuck
    assert not outcomes.unexpected
    assert set(outcomes.refused) <= REFUSALS
    assert set(outcomes.ends.values()) <= CODES
    target.check()


def test_a_sound_image_is_developed_afterwards(target: Target, fed: Outcomes) -> None:
    outcomes = target.feed([("sound", "photo.jpg", photograph(320, 240))])

    assert outcomes.ends == {"sound": "completed"}
