"""Five hundred clients that send a byte a second stand in nobody's way."""

from tests.security.slow_clients import besieged
from tests.security.target import Target
from tests.support.images.drawings import photograph

CLIENTS = 500


def test_a_picture_is_developed_beside_five_hundred_slow_clients(target: Target) -> None:
    with besieged(target.stack.api.port, CLIENTS) as siege:
        outcomes = target.feed(
            [(f"picture {number}", "photo.jpg", photograph(320, 240)) for number in range(5)]
        )

        assert outcomes.completed == 5
        assert not outcomes.refused
        assert siege.held > CLIENTS // 2, "most were thrown out before they could be in the way"
    target.check()
