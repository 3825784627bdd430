"""Tests that five hundred clients which send a byte a second delay no other upload."""

from tests.security.slow_clients import running_slow_clients
from tests.security.target import Target
from tests.support.images.drawings import photograph

CLIENTS = 500


def test_an_image_is_developed_beside_five_hundred_slow_clients(target: Target) -> None:
    with running_slow_clients(target.stack.api.port, CLIENTS) as slow:
        outcomes = target.feed(
            [(f"image {number}", "photo.jpg", photograph(320, 240)) for number in range(5)]
        )

        assert outcomes.completed == 5
        assert not outcomes.refused
        assert slow.connected > CLIENTS // 2, "most were disconnected before they could be in the way"
    target.check()
